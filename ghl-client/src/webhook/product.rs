//! Products: created, changed, deleted.

use integrations_core::open_enum;
use jiff::Timestamp;

use crate::ids::{LocationId, ProductId, TaxId, UserId};

open_enum! {
    /// What is sold.
    pub enum ProductType {
        /// A file or a licence.
        Digital = "DIGITAL",
        /// A thing.
        Physical = "PHYSICAL",
        /// A service.
        Service = "SERVICE",
        /// A thing with a file.
        PhysicalAndDigital = "PHYSICAL/DIGITAL",
    }
}

integrations_core::object! {
    /// A product as it is after the change; of a deletion, as it was before.
    pub struct ProductEvent {
        /// The product.
        id: Option<ProductId> = "_id" | "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// Its name.
        name: Option<String> = "name",
        /// What it is, as text or HTML.
        description: Option<String> = "description",
        /// What is sold.
        product_type: Option<ProductType> = "productType",
        /// Whether the shop has it.
        available_in_store: Option<bool> = "availableInStore",
        /// What one can choose.
        variants: Vec<Variant> = "variants",
        /// Pictures and videos.
        medias: Vec<ProductMedia> = "medias",
        /// Where its picture is.
        image: Option<String> = "image",
        /// What the buyer's bank statement says.
        statement_descriptor: Option<String> = "statementDescriptor",
        /// The user who created it.
        user_id: Option<UserId> = "userId",
        /// When it was created.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updatedAt",
    }

    /// What one can choose, for example the size.
    pub struct Variant {
        /// Its id.
        id: Option<String> = "id",
        /// Its name.
        name: Option<String> = "name",
        /// The choices.
        options: Vec<VariantOption> = "options",
    }

    /// A choice, for example a size.
    pub struct VariantOption {
        /// Its id.
        id: Option<String> = "id",
        /// Its name.
        name: Option<String> = "name",
    }

    /// A picture or a video.
    pub struct ProductMedia {
        /// Its id.
        id: Option<String> = "id",
        /// Its title.
        title: Option<String> = "title",
        /// Where it is.
        url: Option<String> = "url",
        /// `image` or `video`.
        kind: Option<String> = "type",
        /// Whether it is shown first.
        is_featured: Option<bool> = "isFeatured",
    }

    /// A tax on a product or a line.
    pub struct ItemTax {
        /// The tax.
        id: Option<TaxId> = "_id" | "id",
        /// Its name.
        name: Option<String> = "name",
        /// In percent.
        rate: Option<f64> = "rate",
        /// What it comes to.
        amount: Option<f64> = "amount",
        /// `exclusive` when it comes on top of the price.
        calculation: Option<String> = "calculation",
        /// Whose it is: a location's id when [`alt_type`](Self::alt_type) is `location`.
        alt_id: Option<String> = "altId",
        /// `location`.
        alt_type: Option<String> = "altType",
        /// Whether it was deleted.
        deleted: Option<bool> = "deleted",
        /// When it was created.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updatedAt",
        /// The provider's own count of changes.
        revision: Option<i64> = "__v",
    }
}
