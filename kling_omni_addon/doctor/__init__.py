"""What is right and what is wrong with this machine, its settings and its way to the service, as one report.

Nothing is sent that costs, nothing is changed, and no home is made.
"""
