# What a deployment has to know of lake.yaml: which tables it serves, with which keys, and the Glue
# database it names. Whether the rest is right is for `lakegate check` to say.

locals {
  # ${NAME} and $${ mean the same in lake.yaml as in templates of Terraform.
  config       = yamldecode(templatefile(var.config, var.variables))
  environment  = var.environment == null ? null : local.config.environments[var.environment]
  table_prefix = try(local.environment.table_prefix, "")
  served       = { for name, dataset in local.config.datasets : name => dataset if try(dataset.serve, null) != null }

  # The attribute type of DynamoDB under which a column of that type is stored as a key.
  key_types = {
    int32       = "N"
    int64       = "N"
    float32     = "N"
    double      = "N"
    decimal     = "N"
    text        = "S"
    date        = "S"
    timestamp   = "S"
    timestamptz = "S"
    binary      = "B"
  }
  lineage_types = { _arrival_id = "text", _arrived_at = "timestamptz", _row = "int64" }
  declared = {
    for name, dataset in local.served : name => merge(
      try(dataset.lineage, true) ? local.lineage_types : {},
      # Captures are texts, or dates and times in ISO form: keys of the same kind.
      { for capture in try(flatten([dataset.capture_columns]), []) : capture => "text" },
      { for field in try(dataset.schema, []) : field.name => field.type },
    )
  }
  tables = {
    for name, dataset in local.served : "${local.table_prefix}${dataset.serve.table}" => {
      dataset = name
      keys = [
        for column in flatten([dataset.serve.key]) : {
          name     = column
          declared = try(local.declared[name][column], "not declared")
          type     = try(local.key_types[replace(local.declared[name][column], "/[(].*/", "")], null)
        }
      ]
      to      = try(dataset.serve.to, "dynamodb")
      batched = try(dataset.serve.write, "newest") == "upsert"
      expires = try(dataset.serve.ttl, null) != null
    }...
  }
  # What datasets with a schedule need of AWS besides their own part of the lake.
  sources = { for name, dataset in local.config.datasets : name => dataset.source if try(dataset.source, null) != null }
  fetched = {
    for name in keys(var.schedule) : name => {
      files = [for variable in values(try(local.sources[name].for_each, {})) : variable.file if can(variable.file)]
      # References stand under auth, or one level below.
      secrets = concat(
        [for secret in values(try(local.sources[name].auth, {})) : secret],
        flatten([for part in values(try(local.sources[name].auth, {})) : [for secret in try(values(part), []) : secret]]),
      )
    } if contains(keys(local.sources), name)
  }
  # What datasets with a schedule need of AWS besides their own part of the lake.
  sources = { for name, dataset in local.config.datasets : name => dataset.source if try(dataset.source, null) != null }
  fetched = {
    for name in keys(var.schedule) : name => {
      files = [for variable in values(try(local.sources[name].for_each, {})) : variable.file if can(variable.file)]
      secrets = concat(
        [for secret in values(try(local.sources[name].auth, {})) : secret],
        flatten([for part in values(try(local.sources[name].auth, {})) : [for secret in try(values(part), []) : secret]]),
      )
    } if contains(keys(local.sources), name)
  }
  # The table of lakegate's own that datasets of `mode: snapshot` need (docs/dynamodb.md).
  has_marks     = length([for dataset in local.served : dataset if try(dataset.mode, "append") == "snapshot"]) > 0
  glue_database = try(local.environment.catalog.glue.database, local.config.catalog.glue.database, null)
}
