use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{Error, ErrorKind, Result};

/// Everything but the unreserved characters of RFC 3986.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Appends one path segment, percent-encoded, so that an id can never climb out of its place.
///
/// # Errors
/// [`ErrorKind::Validation`] when the segment is empty, `.` or `..`.
pub fn encode_segment(path: &mut String, name: &str, value: &str) -> Result<()> {
    if value.is_empty() || value == "." || value == ".." {
        return Err(Error::new(
            ErrorKind::Validation,
            format!("the path parameter {name} is empty, \".\" or \"..\": pass the id"),
        ));
    }
    path.extend(utf8_percent_encode(value, SEGMENT));
    Ok(())
}

/// Fills the parameters of a path template in their order.
///
/// # Errors
/// [`ErrorKind::Validation`] when a value is empty, `.` or `..`, or the number of values is not the number of parameters.
pub fn expand_path(template: &str, values: &[&str]) -> Result<String> {
    let mut path = String::with_capacity(template.len() + values.len() * 24);
    let mut values = values.iter();
    let mut rest = template;
    let miscounted = || {
        Error::new(
            ErrorKind::Validation,
            "the number of path parameters does not fit the operation",
        )
    };
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(miscounted)?;
        path.push_str(before);
        encode_segment(&mut path, name, values.next().ok_or_else(miscounted)?)?;
        rest = after;
    }
    if values.next().is_some() {
        return Err(miscounted());
    }
    path.push_str(rest);
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_order() {
        assert_eq!(
            expand_path("/contacts/{contactId}/notes/{id}", &["a", "b"]).unwrap(),
            "/contacts/a/notes/b"
        );
        assert_eq!(expand_path("/contacts/", &[]).unwrap(), "/contacts/");
    }

    #[test]
    fn nothing_climbs_out() {
        for bad in ["", ".", ".."] {
            assert_eq!(
                expand_path("/contacts/{contactId}", &[bad])
                    .unwrap_err()
                    .kind(),
                ErrorKind::Validation
            );
        }
        assert_eq!(
            expand_path("/c/{id}", &["../x?y#z"]).unwrap(),
            "/c/..%2Fx%3Fy%23z"
        );
        assert_eq!(
            expand_path("/c/{id}", &["ü/ä%2F"]).unwrap(),
            "/c/%C3%BC%2F%C3%A4%252F"
        );
    }

    #[test]
    fn counts_parameters() {
        assert!(expand_path("/c/{id}", &[]).is_err());
        assert!(expand_path("/c/{id}", &["a", "b"]).is_err());
        assert!(expand_path("/c/{id", &["a"]).is_err());
    }
}
