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
  name = "site-lab"
  inputs = {
    hosts = [
      {
        name = "a.example.com"
        port = 443
      },
      {
        name = "b.example.com"
        port = 8443
      },
    ]
  }
}
