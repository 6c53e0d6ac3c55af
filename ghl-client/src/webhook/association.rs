//! Associations between kinds of objects, and relations between records.

use integrations_core::open_enum;

use crate::ids::{AssociationId, LocationId, RecordId, RelationId};

open_enum! {
    /// Who defined an association or an object.
    pub enum DefinedBy {
        /// The location.
        User = "USER_DEFINED",
        /// The provider.
        System = "SYSTEM_DEFINED",
    }

    /// How many records one record may be related to.
    pub enum Cardinality {
        /// One to one.
        OneToOne = "ONE_TO_ONE",
        /// One to many.
        OneToMany = "ONE_TO_MANY",
        /// Many to one.
        ManyToOne = "MANY_TO_ONE",
        /// Many to many.
        ManyToMany = "MANY_TO_MANY",
    }
}

integrations_core::object! {
    /// An association between two kinds of objects was created, changed or deleted.
    pub struct AssociationEvent {
        /// The association.
        id: Option<AssociationId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// Who defined it.
        association_type: Option<DefinedBy> = "associationType",
        /// Its key.
        key: Option<String> = "key",
        /// The first kind of objects, for example `contact`.
        first_object_key: Option<String> = "firstObjectKey",
        /// What the first is to the second.
        first_object_label: Option<String> = "firstObjectLabel",
        /// How many of the second a first may have.
        first_to_second: Option<Cardinality> = "firstObjectToSecondObjectCardinality",
        /// The second kind of objects.
        second_object_key: Option<String> = "secondObjectKey",
        /// What the second is to the first.
        second_object_label: Option<String> = "secondObjectLabel",
        /// How many of the first a second may have.
        second_to_first: Option<Cardinality> = "secondObjectToFirstObjectCardinality",
    }

    /// Two records were related, or are no longer.
    pub struct RelationEvent {
        /// The relation.
        id: Option<RelationId> = "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The association it is one of.
        association_id: Option<AssociationId> = "associationId",
        /// The kind of the first record.
        first_object_key: Option<String> = "firstObjectKey",
        /// The first record.
        first_record_id: Option<RecordId> = "firstRecordId",
        /// The kind of the second record.
        second_object_key: Option<String> = "secondObjectKey",
        /// The second record.
        second_record_id: Option<RecordId> = "secondRecordId",
    }
}
