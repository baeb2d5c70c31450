"""The tab Kling and the page in the preferences."""
