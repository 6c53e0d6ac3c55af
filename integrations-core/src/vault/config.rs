//! The secret fields of a JSON config: out before it is stored, back in before it is used.

use serde_json::{Map, Value};

use super::Secrets;
use crate::{Error, ExposeSecret as _, FieldError, Result};

/// Takes the secrets out of a config: what stays may be stored and shown.
///
/// `paths` are JSON pointers to string fields of objects; absent and null ones are passed over.
///
/// ```
/// use integrations_core::vault::{put_secrets, take_secrets};
/// use serde_json::json;
///
/// let mut config = json!({ "locationId": "L1", "auth": { "clientSecret": "s3cret" } });
/// let secrets = take_secrets(&mut config, ["/auth/clientSecret", "/apiKey"]).unwrap();
/// assert_eq!(config, json!({ "locationId": "L1", "auth": {} }));
/// put_secrets(&mut config, &secrets).unwrap();
/// assert_eq!(config["auth"]["clientSecret"], "s3cret");
/// ```
///
/// # Errors
/// [`ErrorKind::Validation`](crate::ErrorKind::Validation) that names each field that holds something other than a
/// string; then the config is as it was.
pub fn take_secrets<P: AsRef<str>>(
    config: &mut Value,
    paths: impl IntoIterator<Item = P>,
) -> Result<Secrets> {
    let paths: Vec<P> = paths.into_iter().collect();
    let wrong = paths.iter().map(AsRef::as_ref).filter(|path| {
        config.pointer(path).is_some_and(|value| {
            let movable = value.is_string() && parent(config, path).is_some();
            !(movable || value.is_null())
        })
    });
    let wrong: Vec<_> = wrong
        .map(|path| FieldError::new(path, "a secret is a string field of an object"))
        .collect();
    if !wrong.is_empty() {
        return Err(Error::validation("", wrong));
    }
    let mut secrets = Secrets::new();
    for path in &paths {
        let path = path.as_ref();
        if !config.pointer(path).is_some_and(Value::is_string) {
            continue;
        }
        if let Some((object, name)) = parent_mut(config, path)
            && let Some(Value::String(secret)) = object.remove(&name)
        {
            secrets.insert(path.to_owned(), secret.into());
        }
    }
    Ok(secrets)
}

/// Puts opened secrets back into their config.
///
/// # Errors
/// [`ErrorKind::Validation`](crate::ErrorKind::Validation) that names each secret whose object is not in the config; the
/// others are put back.
pub fn put_secrets(config: &mut Value, secrets: &Secrets) -> Result<()> {
    let mut lost = Vec::new();
    for (path, secret) in secrets {
        if let Some((object, name)) = parent_mut(config, path) {
            object.insert(name, secret.expose_secret().into());
        } else {
            lost.push(FieldError::new(path, "the config has no object for it"));
        }
    }
    if lost.is_empty() {
        Ok(())
    } else {
        Err(Error::validation("", lost))
    }
}

fn parent<'v>(config: &'v Value, path: &str) -> Option<&'v Map<String, Value>> {
    let (parent, _) = path.rsplit_once('/')?;
    config.pointer(parent)?.as_object()
}

fn parent_mut<'v>(
    config: &'v mut Value,
    path: &str,
) -> Option<(&'v mut Map<String, Value>, String)> {
    let (parent, name) = path.rsplit_once('/')?;
    let object = config.pointer_mut(parent)?.as_object_mut()?;
    Some((object, name.replace("~1", "/").replace("~0", "~")))
}
