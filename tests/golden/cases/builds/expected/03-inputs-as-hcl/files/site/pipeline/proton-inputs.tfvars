pipeline = {
  inputs = {
    command = "make check"
  }
}
service = {
  name                      = "site"
  repository_connection_arn = ""
  repository_id             = ""
  branch_name               = ""
}
service_instances = [
  {
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
    outputs = {
      Url = "https://a.example.com"
    }
    environment = {
      account_id = "111122223333"
      name       = "lab"
      outputs = {
        Bucket = "lab-bucket"
        Note   = "a \"b\"\n$${c}"
      }
    }
  },
  {
    name = "site-two"
    inputs = {
      hosts = []
    }
    outputs = {}
    environment = {
      account_id = "111122223333"
      name       = "lab"
      outputs = {
        Bucket = "lab-bucket"
        Note   = "a \"b\"\n$${c}"
      }
    }
  },
]
