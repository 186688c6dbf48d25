// placeholder until the bundle exists
