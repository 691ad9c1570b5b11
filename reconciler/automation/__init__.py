"""What runs inside an infrastructure repository: Terraform for its folders, and the reports about them."""
