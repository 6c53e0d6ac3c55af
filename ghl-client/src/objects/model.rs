use std::collections::BTreeMap;

use integrations_core::{Timestamp, object};
use serde_json::Value;

use crate::ids::{LocationId, RecordId, UserId};

object! {
    /// A record of an object.
    pub struct Record {
        /// Its id.
        id: Option<RecordId> = "id" | "_id",
        /// The user who owns it, at most one.
        owner: Vec<UserId> = "owner",
        /// The users who follow it.
        followers: Vec<UserId> = "followers",
        /// Its values, by the names of the object's fields.
        properties: BTreeMap<String, Value> = "properties",
        /// When it was created.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed.
        updated_at: Option<Timestamp> = "updatedAt",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The object.
        object_id: Option<String> = "objectId",
        /// The object by its key, for example `custom_objects.pet`.
        object_key: Option<String> = "objectKey",
        /// Who created it.
        created_by: Option<RecordOrigin> = "createdBy",
        /// Who changed it.
        last_updated_by: Option<RecordOrigin> = "lastUpdatedBy",
        /// Where a search goes on behind it.
        search_after: Vec<Value> = "searchAfter",
    }
}

object! {
    /// Who created or changed a record.
    pub struct RecordOrigin {
        /// The way it came, for example `WEB_USER`.
        channel: Option<String> = "channel",
        /// When.
        created_at: Option<Timestamp> = "createdAt",
        /// Where it came from, for example `PUBLIC_API`.
        source: Option<String> = "source",
        /// The user or the app.
        source_id: Option<String> = "sourceId",
    }
}
