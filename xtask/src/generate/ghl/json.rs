//! JSON that keeps the order of its members, so that generated fields stand as the provider lists them.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Json {
    #[default]
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

static NULL: Json = Json::Null;

impl Json {
    /// A member, or null.
    pub(super) fn get(&self, name: &str) -> &Json {
        self.find(name).unwrap_or(&NULL)
    }

    /// A member, if it is there.
    pub(super) fn find(&self, name: &str) -> Option<&Json> {
        self.members()
            .iter()
            .find(|(member, _)| member == name)
            .map(|(_, value)| value)
    }

    pub(super) fn members(&self) -> &[(String, Json)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    pub(super) fn items(&self) -> &[Json] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn is_true(&self) -> bool {
        *self == Self::Bool(true)
    }

    pub(super) fn is_null(&self) -> bool {
        *self == Self::Null
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        self.items().iter().filter_map(Self::text).collect()
    }

    /// A member to change, made when it is missing.
    fn member_mut(&mut self, name: &str) -> &mut Json {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        let Self::Object(members) = self else {
            unreachable!("made an object above");
        };
        let at = members.iter().position(|(member, _)| member == name);
        let at = at.unwrap_or_else(|| {
            members.push((name.to_owned(), Self::Null));
            members.len() - 1
        });
        &mut members[at].1
    }

    /// Replaces the schema of a property wherever it stands; how often that is.
    pub(super) fn replace_property(&mut self, name: &str, schema: &Json) -> usize {
        match self {
            Self::List(items) => items
                .iter_mut()
                .map(|item| item.replace_property(name, schema))
                .sum(),
            Self::Object(members) => {
                let mut count = 0;
                for (member, value) in members {
                    if member == "properties"
                        && let Self::Object(properties) = value
                        && let Some((_, property)) =
                            properties.iter_mut().find(|(known, _)| known == name)
                    {
                        *property = schema.clone();
                        count += 1;
                    }
                    count += value.replace_property(name, schema);
                }
                count
            }
            _ => 0,
        }
    }

    /// Merges a change: objects member by member; anything else replaces.
    fn merge(&mut self, change: &Json) {
        let Self::Object(changes) = change else {
            *self = change.clone();
            return;
        };
        for (name, value) in changes {
            self.member_mut(name).merge(value);
        }
    }

    /// Merges a change at a JSON pointer (RFC 6901). The place must exist, so that a correction of what the provider
    /// has corrected since does not go unnoticed.
    pub(super) fn patch_at(
        &mut self,
        pointer: &str,
        change: &Json,
        remove: &[String],
    ) -> Result<(), String> {
        let mut place = self;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            place = match place {
                Self::Object(members) => members
                    .iter_mut()
                    .find(|(name, _)| *name == step)
                    .map(|(_, value)| value),
                Self::List(items) => step.parse::<usize>().ok().and_then(|at| items.get_mut(at)),
                _ => None,
            }
            .ok_or_else(|| format!("{pointer}: there is no {step}"))?;
        }
        for name in remove {
            if place.find(name).is_none() {
                return Err(format!("{pointer}: there is no {name} to remove"));
            }
        }
        if let Self::Object(members) = place {
            members.retain(|(name, _)| !remove.contains(name));
        }
        if !change.is_null() {
            place.merge(change);
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "no number of the documents is that large"
    )]
    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "no number of the documents is that large"
    )]
    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Json::Object(members))
    }
}
