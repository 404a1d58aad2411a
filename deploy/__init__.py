"""From a clone to a deployment: set-up, the bundle, the account's documents, the doctor."""
