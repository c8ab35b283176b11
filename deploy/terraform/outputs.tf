output "lake" {
  description = "For --lake and LAKEGATE_LAKE."
  value       = local.lake
}

output "landing_queue" {
  description = "For lakegate run --enqueue."
  value       = aws_sqs_queue.events["convert"].url
}

output "functions" {
  description = "Names of the functions, by what they do: convert, load, fetch."
  value       = { for stage, function in aws_lambda_function.stage : stage => function.function_name }
}

output "tables" {
  value = keys(aws_dynamodb_table.served)
}
