"""What may be audited, brought behind one face; libraries are imported only when one of their objects comes."""
