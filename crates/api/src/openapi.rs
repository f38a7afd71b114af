//! The description of the HTTP interface (OpenAPI 3.1), from the table of routes and the types that
//! they answer with.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::answer::{Answer, Problem, json as answer};
use crate::routes::{Gives, ROUTES, Route, Takes};

/// The type of a form's fields.
const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) async fn serve() -> Answer {
    answer(&describe())
}

/// The whole description.
pub(crate) fn describe() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths = Map::new();
    for route in ROUTES {
        let schema = match &route.gives {
            Gives::Json(schema) => {
                json!({ "application/json": { "schema": schema(&mut generator) } })
            }
            Gives::Other(kind) => json!({ *kind: { "schema": { "type": "string" } } }),
        };
        let body = route.takes.as_ref().map(|takes| {
            let (kind, schema) = match takes {
                Takes::Json(schema) => ("application/json", schema),
                Takes::Form(schema) => (FORM, schema),
            };
            json!({
                "required": true,
                "content": { kind: { "schema": schema(&mut generator) } },
            })
        });
        let mut operation = json!({
            "summary": route.summary,
            "operationId": operation_id(route),
            "parameters": parameters(route),
            "responses": {
                route.status.to_string(): { "description": "As asked for.", "content": schema },
                "default": {
                    "description": "What went wrong, and what to do.",
                    "content": { "application/json": { "schema": problem } },
                },
            },
        });
        if let Some(body) = body {
            operation["requestBody"] = body;
        }
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation;
    }
    let schemas: Map<String, Value> = generator.take_definitions(true);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Trunkline",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What the history of calls tells. Times are microseconds since 1970 in UTC.",
        },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

fn parameters(route: &Route) -> Vec<Value> {
    let in_path = route.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(
            json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
        )
    });
    let in_query = route.query.iter().map(|(name, meaning)| {
        json!({ "name": name, "in": "query", "description": meaning, "schema": { "type": "string" } })
    });
    in_path.chain(in_query).collect()
}

fn operation_id(route: &Route) -> String {
    let words = route
        .path
        .split(['/', '.'])
        .filter(|word| !word.is_empty() && !word.starts_with('{'));
    std::iter::once(route.method)
        .chain(words)
        .collect::<Vec<_>>()
        .join("_")
}
