environment = {
  account_id = "111122223333"
  name       = "lab"
  outputs = {
    Bucket = "lab-bucket"
    Note   = "a \"b\"\n$${c}"
  }
}
service = {
  name                      = "site"
  repository_connection_arn = ""
  repository_id             = ""
  branch_name               = ""
}
service_instance = {
  name = "site-two"
  inputs = {
    hosts = []
  }
}
