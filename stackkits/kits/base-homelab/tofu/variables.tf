variable "nodes" {
  description = "Each node's configuration by its name, as the kit's stackfile.cue renders it."
  type = map(object({
    name     = string
    hostname = string
    address  = string
    role     = string
    type     = string
    resources = object({
      cpu        = number
      memory_mib = number
      storage    = optional(string)
    })
    network = object({
      subnet    = string
      resolvers = list(string)
    })
    firewall = object({
      allow = list(string)
    })
    services = list(string)
  }))
}

variable "services" {
  description = "Each service's settings by its key, as the kit's stackfile.cue renders them."
  type = map(object({
    name        = string
    node        = string
    ports       = list(string)
    environment = map(string)
  }))
  default = {}
}
