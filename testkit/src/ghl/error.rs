use serde_json::{Map, Value, json};

/// A refusal in one of GHL's error envelopes.
///
/// `message` is a string, except for 422 where it is a list of strings.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) body: Map<String, Value>,
}

impl Refusal {
    fn new(body: Value, status: u16) -> Self {
        let body = match body {
            Value::Object(body) => body,
            other => Map::from_iter([("message".to_owned(), other)]),
        };
        Self { status, body }
    }

    /// `{"statusCode":…,"message":"…"}`.
    pub(crate) fn plain(status: u16, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::new(json!({"statusCode": status, "message": message}), status)
    }

    /// `{"statusCode":…,"message":"…","error":"…"}`.
    pub(crate) fn named(status: u16, message: impl Into<String>, error: &str) -> Self {
        let message = message.into();
        Self::new(
            json!({"statusCode": status, "message": message, "error": error}),
            status,
        )
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::named(400, message, "Bad Request")
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::named(404, message, "Not Found")
    }

    pub(crate) fn unprocessable(messages: &[String]) -> Self {
        Self::new(
            json!({
                "statusCode": 422,
                "message": messages,
                "error": "Unprocessable Entity",
            }),
            422,
        )
    }

    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.body.insert(key.to_owned(), value);
        self
    }

    // Authorization: one status, five causes.

    pub(crate) fn no_version() -> Self {
        Self::plain(401, "version header was not found.")
    }

    pub(crate) fn bad_version(version: &str) -> Self {
        Self::plain(
            400,
            format!("Invalid API version segment '{version}' at position 0"),
        )
    }

    pub(crate) fn invalid_jwt() -> Self {
        Self::plain(401, "Invalid JWT")
    }

    pub(crate) fn dead_token() -> Self {
        Self::named(
            401,
            "Invalid token: access token is invalid",
            "Unauthorized",
        )
    }

    pub(crate) fn no_scope() -> Self {
        Self::plain(401, "The token is not authorized for this scope.")
    }

    pub(crate) fn user_type() -> Self {
        Self::plain(401, "Token's user type mismatch!")
    }

    pub(crate) fn auth_class() -> Self {
        Self::plain(
            401,
            "This authClass type is not allowed to access this scope. \
             Please verify your IAM configuration if this is not the case.",
        )
    }

    pub(crate) fn other_location() -> Self {
        Self::plain(403, "The token does not have access to this location.")
    }

    pub(crate) fn throttled() -> Self {
        Self::plain(429, "Too Many Requests")
    }

    pub(crate) fn bad_code() -> Self {
        Self::new(
            json!({
                "error": "UnAuthorized!",
                "error_description": "Authorization code not found",
            }),
            401,
        )
    }
}
