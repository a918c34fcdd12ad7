"""What the order simulator is measured against: other ways to make rows, each as it comes."""
