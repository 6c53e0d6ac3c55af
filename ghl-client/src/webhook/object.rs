//! Custom objects: their definitions and their records.

use jiff::Timestamp;
use serde_json::Value;

use super::association::DefinedBy;
use crate::ids::{LocationId, ObjectSchemaId, RecordId, UserId};

integrations_core::object! {
    /// A custom object was defined, or its definition changed.
    pub struct ObjectSchemaEvent {
        /// The definition.
        id: Option<ObjectSchemaId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// Its key, for example `custom_objects.pets`.
        key: Option<String> = "key",
        /// What it is called.
        labels: Option<ObjectLabels> = "labels",
        /// What it is for.
        description: Option<String> = "description",
        /// The fields that a search looks at.
        searchable_properties: Vec<String> = "searchableProperties",
        /// The field that names a record.
        primary_display_property: Option<String> = "primaryDisplayProperty",
        /// Who defined it.
        object_type: Option<DefinedBy> = "objectType",
        /// When it was defined.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updatedAt",
        /// By whom; the documents do not say in which form.
        created_by: Value = "createdBy",
        /// By whom it was changed last.
        updated_by: Value = "updatedBy",
    }

    /// What a custom object is called.
    pub struct ObjectLabels {
        /// One of them.
        singular: Option<String> = "singular",
        /// Several.
        plural: Option<String> = "plural",
    }

    /// A record of a custom object, or a business, was created, changed or deleted.
    pub struct RecordEvent {
        /// The record.
        id: Option<RecordId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The users whose it is.
        owners: Vec<UserId> = "owners",
        /// The users who follow it.
        followers: Vec<UserId> = "followers",
        /// Its fields.
        properties: Vec<RecordProperty> = "properties",
    }

    /// A field of a record.
    pub struct RecordProperty {
        /// The field.
        key: Option<String> = "key",
        /// Its value as a text.
        value_string: Option<String> = "valueString",
    }
}
