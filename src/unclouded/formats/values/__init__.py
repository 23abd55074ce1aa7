"""Values of data points without the frames that carried them: what integrations and clouds print."""
