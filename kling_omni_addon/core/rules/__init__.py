"""Every rule that the service would break a request on."""
