"""Stock: what the tills sold moves NetSuite's, what NetSuite moved comes to Sitoo's, and what is left is a variance."""
