"""What lies between an encoder and a decoder: posteriors, priors, flows and codebooks."""
