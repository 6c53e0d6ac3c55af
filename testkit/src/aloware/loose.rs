//! The provider's way with types: what is a number here is a text there, and the other way round.

use serde_json::{Map, Value};

/// Rewrites an object as another part of the provider's software would have: ids and counts as texts, flags as 0 and 1.
/// Whether is drawn once for an object, so that one answer is of one kind.
pub(crate) fn loosen(object: &mut Map<String, Value>, rng: &mut fastrand::Rng) {
    let (texts, flags) = (rng.bool(), rng.bool());
    for value in object.values_mut() {
        match value {
            Value::Number(number) if texts => *value = Value::from(number.to_string()),
            Value::Bool(flag) if flags => *value = Value::from(u8::from(*flag)),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_comes_up_and_the_seed_decides() {
        let draw = |seed| {
            let mut object = json!({"id": 7, "is_dnc": true, "name": "Jane"});
            let object = object.as_object_mut().unwrap();
            loosen(object, &mut fastrand::Rng::with_seed(seed));
            Value::Object(object.clone()).to_string()
        };
        let mut forms: Vec<_> = (0..40).map(draw).collect();
        assert_eq!(forms, (0..40).map(draw).collect::<Vec<_>>());
        forms.sort();
        forms.dedup();
        assert_eq!(forms.len(), 4, "{forms:?}");
    }
}
