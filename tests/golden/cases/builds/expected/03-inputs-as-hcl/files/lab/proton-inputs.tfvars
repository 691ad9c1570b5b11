environment = {
  name = "lab"
  inputs = {
    subnets = ["subnet-1", "subnet-2"]
    notes   = "He said \"$${x}\", %%{y}\nand left"
    limits = {
      cpu   = 0.5
      exact = true
      none  = null
      big   = 12345678901234567890
    }
    stack-name = "kit"
  }
}
