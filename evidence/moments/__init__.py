"""Which pictures a package shows: chosen at the moments that the violation's law asks for."""
