//! What the fields of [`object!`](crate::object) read and write.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::de::value::StrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde_json::{Map, Value};

use crate::Patch;

/// The most items that a list or a map of [`object!`](crate::object) may have: beyond, reading it is an error.
///
/// A short item can be a large object here: without an end, an answer of a megabyte would take hundreds in memory. No
/// provider answers pages of this length.
pub const MAX_ITEMS: usize = 100_000;

/// A value that reads itself from what a provider sends, whatever it is.
pub trait Lenient: Sized {
    /// Reads the value; `None` when there is nothing usable.
    ///
    /// # Errors
    /// When the input is not valid, or of a shape that leaves no doubt that this is something else.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;

    /// Reads the value as an item of a list; `None` when there is nothing usable, and the list goes on without it.
    ///
    /// Texts refuse objects and lists here: a list of texts that holds one is a list of something else, and would lose
    /// what it says without a word.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn read_item<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer)
    }
}

/// What can hold nothing, and is then not written.
pub trait Absent {
    /// Whether there is nothing to write.
    fn is_absent(&self) -> bool;
}

/// What a field of [`object!`](crate::object) can be: an `Option`, a `Vec`, a map, a [`Patch`] or a JSON [`Value`].
pub trait Field: Absent + Sized {
    /// Reads the field; null is its default, and clears a [`Patch`].
    ///
    /// # Errors
    /// As [`Lenient::read`].
    fn read_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// The fields of an object by their names on the wire: written by [`object!`](crate::object).
pub trait Object: Default {
    /// Reads the value of a field into its place; `false` when no field has this name.
    ///
    /// # Errors
    /// As [`Lenient::read`].
    fn set<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;
}

macro_rules! absent_if {
    ($($type:ty [$($of:ident),*] if $absent:ident,)+) => {$(
        impl<$($of),*> Absent for $type {
            fn is_absent(&self) -> bool {
                self.$absent()
            }
        }
    )+};
}

absent_if! {
    Option<T> [T] if is_none,
    Patch<T> [T] if is_keep,
    Vec<T> [T] if is_empty,
    BTreeMap<K, T> [K, T] if is_empty,
    Map<String, Value> [] if is_empty,
    Value [] if is_null,
}

macro_rules! lenient_by {
    ($($type:ty: $read:path,)+) => {$(
        impl Lenient for $type {
            fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                $read(deserializer)
            }
        }
    )+};
}

lenient_by! {
    bool: super::bool_option,
    i64: super::i64_option,
    f64: super::f64_option,
    Timestamp: super::timestamp_option,
}

impl Lenient for Value {
    /// Reads anything. Null is a value too: a list that says where to go on must not get shorter.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::deserialize(deserializer).map(Some)
    }
}

impl Lenient for String {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        super::string_option(deserializer)
    }

    fn read_item<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        super::text_item(deserializer)
    }
}

impl<T: Lenient> Lenient for Box<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        T::read(deserializer).map(|value| value.map(Self::new))
    }

    fn read_item<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        T::read_item(deserializer).map(|value| value.map(Self::new))
    }
}

impl<T: Lenient> Lenient for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read_field(deserializer).map(Some)
    }
}

impl<T: Lenient> Lenient for BTreeMap<String, T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read_field(deserializer).map(Some)
    }
}

impl<T: Lenient> Field for Option<T> {
    fn read_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer)
    }
}

impl<T: Lenient> Field for Patch<T> {
    fn read_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(T::read(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl Field for Value {
    fn read_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

impl Field for Map<String, Value> {
    fn read_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = BTreeMap::read_field(deserializer)?;
        Ok(all.into_iter().collect())
    }
}

impl<T: Lenient> Field for Vec<T> {
    /// Reads a list, or one value as a list of one; what is null or hopeless is left out, unless it is a [`Value`]. See
    /// [`Lenient::read_item`] and [`MAX_ITEMS`].
    fn read_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl<T: Lenient> Field for BTreeMap<String, T> {
    fn read_field<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MapVisitor(PhantomData))
    }
}

/// Reads an object; null, and the empty text or list that stand for "none", are `None`.
///
/// # Errors
/// When it is anything else.
pub fn object<'de, D: Deserializer<'de>, T: Object>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    deserializer.deserialize_any(ObjectVisitor(PhantomData))
}

/// Reads an object that stands alone: nothing stands for it, since "no answer" must not be taken for "an answer that
/// says nothing".
///
/// # Errors
/// When it is anything but an object.
pub fn whole_object<'de, D: Deserializer<'de>, T: Object>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(WholeVisitor(PhantomData))
}

/// Reads the value of a field of [`object!`](crate::object) into its place.
#[doc(hidden)]
pub fn set_field<'de, A: MapAccess<'de>, T: Field>(
    place: &mut T,
    map: &mut A,
) -> Result<bool, A::Error> {
    *place = map.next_value_seed(FieldSeed(PhantomData))?;
    Ok(true)
}

/// Keeps a member that no field is called by.
#[doc(hidden)]
pub fn keep_member<'de, A: MapAccess<'de>>(
    rest: &mut Map<String, Value>,
    name: &str,
    map: &mut A,
) -> Result<bool, A::Error> {
    rest.insert(name.to_owned(), map.next_value()?);
    if rest.len() > MAX_ITEMS {
        return Err(too_many());
    }
    Ok(true)
}

/// Takes an object that lacks a required field for none at all.
#[doc(hidden)]
pub fn left_out<T, E>(whole: Option<Result<T, E>>) -> Option<Result<T, E>> {
    whole.filter(Result::is_ok)
}

struct FieldSeed<T>(PhantomData<T>);

impl<'de, T: Field> DeserializeSeed<'de> for FieldSeed<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read_field(deserializer)
    }
}

struct LenientSeed<T>(PhantomData<T>);

impl<'de, T: Lenient> DeserializeSeed<'de> for LenientSeed<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer)
    }
}

/// The same, as an item of a list.
struct ItemSeed<T>(PhantomData<T>);

impl<'de, T: Lenient> DeserializeSeed<'de> for ItemSeed<T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read_item(deserializer)
    }
}

/// How an error of a list without end starts: it holds no value, so that it may be shown.
pub(crate) const TOO_MANY: &str = "more than 100000 items";

fn too_many<E: de::Error>() -> E {
    E::custom(TOO_MANY)
}

/// Reads names into one buffer: an allocation per object, and not per member.
struct Name<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(name);
        Ok(())
    }
}

struct WholeVisitor<T>(PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for WholeVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let object = ObjectVisitor(PhantomData).visit_map(map)?;
        Ok(object.unwrap_or_default())
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Object> Visitor<'de> for ObjectVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<T>, E> {
        if text.is_empty() {
            Ok(None)
        } else {
            Err(E::invalid_type(Unexpected::Other("a text"), &self))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<T>, A::Error> {
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(None),
            Some(_) => Err(de::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
        let mut object = T::default();
        let mut name = String::new();
        while map.next_key_seed(Name(&mut name))?.is_some() {
            if !object.set(&name, &mut map)? {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Some(object))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<T: Lenient> ListVisitor<T> {
    fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        Ok(T::read(deserializer)?.into_iter().collect())
    }
}

impl<'de, T: Lenient> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        if text.is_empty() {
            return Ok(Vec::new());
        }
        Self::one(StrDeserializer::new(text))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Vec<T>, E> {
        Self::one(de::value::BoolDeserializer::new(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Vec<T>, E> {
        Self::one(de::value::I64Deserializer::new(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Vec<T>, E> {
        Self::one(de::value::U64Deserializer::new(value))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Vec<T>, E> {
        Self::one(de::value::F64Deserializer::new(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        Self::one(de::value::MapAccessDeserializer::new(map))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        let mut count = 0;
        while let Some(item) = seq.next_element_seed(ItemSeed(PhantomData))? {
            count += 1;
            if count > MAX_ITEMS {
                return Err(too_many());
            }
            list.extend(item);
        }
        Ok(list)
    }
}

struct MapVisitor<T>(PhantomData<T>);

impl<'de, T: Lenient> Visitor<'de> for MapVisitor<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        if text.is_empty() {
            Ok(BTreeMap::new())
        } else {
            Err(E::invalid_type(Unexpected::Other("a text"), &self))
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        match seq.next_element::<IgnoredAny>()? {
            None => Ok(BTreeMap::new()),
            Some(_) => Err(de::Error::invalid_type(Unexpected::Seq, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut all = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            if let Some(value) = map.next_value_seed(LenientSeed(PhantomData))? {
                all.insert(name, value);
            }
            if all.len() > MAX_ITEMS {
                return Err(too_many());
            }
        }
        Ok(all)
    }
}
