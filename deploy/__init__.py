"""What stands between a clone and a deployment: set-up, bundles, cloud documents, the doctor."""
