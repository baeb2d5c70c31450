"""What is right and what is wrong with this machine, its settings and its way to the service, all at once.

Nothing is sent that costs, nothing is changed, and no home is made.
"""
