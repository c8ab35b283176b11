# The same choices as DataLakeProps of deploy/cdk.

variable "name" {
  description = "Begins the names of functions, roles, queues, rules and alarms."
  type        = string
  default     = "lakegate"
}

variable "config" {
  description = "The path of lake.yaml."
  type        = string
}

variable "environment" {
  description = "The environment of lake.yaml that this is; its table_prefix goes before names of tables."
  type        = string
  default     = null
}

variable "variables" {
  description = "What $${NAME} in lake.yaml stands for; the functions get the same in their environment."
  type        = map(string)
  default     = {}
}

variable "package_path" {
  description = "The zip that `lakegate package` wrote, for the architecture."
  type        = string
}

variable "architecture" {
  type    = string
  default = "arm64"
  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "arm64 or x86_64."
  }
}

variable "memory_size" {
  description = "Of the functions, in MB."
  type        = number
  default     = 256
}

variable "timeout" {
  description = "Of the functions, in seconds."
  type        = number
  default     = 300
}

variable "schedule" {
  description = "When datasets with a `source:` are fetched, by name: rate(1 hour), cron(0 4 * * ? *) in UTC."
  type        = map(string)
  default     = {}
}

variable "fetch_timeout" {
  description = "Of the function that fetches, in seconds."
  type        = number
  default     = 900
}

variable "bucket" {
  description = "The name of an existing bucket, which is left as it is; without one a bucket is made."
  type        = string
  default     = null
}

variable "bucket_name" {
  description = "The name of the bucket that is made; AWS chooses one otherwise."
  type        = string
  default     = null
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete a made bucket with objects in it, and tables."
  type        = bool
  default     = false
}

variable "prefix" {
  description = "Folders in the bucket under which the lake stands, such as team/lake."
  type        = string
  default     = ""
  validation {
    condition     = length(regexall("[*?$]|//|(^|/)\\.{1,2}(/|$)", trim(var.prefix, "/"))) == 0
    error_message = "Write the folders of the lake in the bucket, such as lake or team/lake."
  }
}

variable "kms_key_arn" {
  description = "The key that the bucket is encrypted with; S3's own keys otherwise."
  type        = string
  default     = null
}

variable "events" {
  description = <<-EOT
    eventbridge: S3 -> EventBridge -> SQS; an existing bucket must send its events to EventBridge.
    s3: S3 -> SQS, for a bucket that is made here.
  EOT
  type        = string
  default     = "eventbridge"
  validation {
    condition     = contains(["eventbridge", "s3"], var.events)
    error_message = "eventbridge or s3."
  }
}

variable "batch_size" {
  description = "Messages in one invocation."
  type        = number
  default     = 10
}

variable "max_concurrency" {
  description = "Invocations of a function at a time, 2 at least; as many as the account allows otherwise."
  type        = number
  default     = null
}

variable "max_receive_count" {
  description = "How often a message is tried before it is given up."
  type        = number
  default     = 5
}

variable "subnet_ids" {
  description = "The functions join the network of these subnets."
  type        = list(string)
  default     = []
}

variable "security_group_ids" {
  type    = list(string)
  default = []
}

variable "permissions_boundary" {
  description = "The ARN of the permissions boundary of the roles."
  type        = string
  default     = null
}

variable "log_retention_days" {
  type    = number
  default = 30
}

variable "event_bus_arn" {
  description = "The EventBridge bus that is told `run.committed` of every run; nobody is told otherwise."
  type        = string
  default     = null
}

variable "alarm_topic_arn" {
  description = "The SNS topic that alarms are sent to; they are only shown otherwise."
  type        = string
  default     = null
}

variable "rejects_alarm_threshold" {
  description = "More rejected rows than this in 5 minutes are an alarm."
  type        = number
  default     = 0
}
