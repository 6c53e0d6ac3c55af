//! Prices of products: created, changed, deleted.

use integrations_core::open_enum;
use jiff::Timestamp;

use crate::ids::{LocationId, PriceId, ProductId, UserId};

open_enum! {
    /// How often a price is paid.
    pub enum PriceType {
        /// Once.
        OneTime = "one_time",
        /// Again and again.
        Recurring = "recurring",
    }

    /// After what time a price is paid again.
    pub enum PriceInterval {
        /// Days.
        Day = "day",
        /// Weeks.
        Week = "week",
        /// Months.
        Month = "month",
        /// Years.
        Year = "year",
    }
}

integrations_core::object! {
    /// A price as it is after the change; of a deletion, as it was before.
    pub struct PriceEvent {
        /// The price.
        id: Option<PriceId> = "_id" | "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// The product.
        product_id: Option<ProductId> = "product",
        /// Its name, for example the chosen variants.
        name: Option<String> = "name",
        /// How often it is paid, as `PriceCreate` spells it: see [`how_often`](Self::how_often).
        price_type: Option<PriceType> = "priceType",
        /// How often it is paid, as the samples of `PriceUpdate` and `PriceDelete` spell it; `None` when `type` is the
        /// name of the event.
        kind: Option<PriceType> = "type",
        /// The currency, ISO 4217.
        currency: Option<String> = "currency",
        /// How much.
        amount: Option<f64> = "amount",
        /// How much it was before, to be shown beside it.
        compare_at_price: Option<f64> = "compareAtPrice",
        /// When it is paid again.
        recurring: Option<Recurring> = "recurring",
        /// The chosen variants.
        variant_option_ids: Vec<String> = "variantOptionIds",
        /// Courses that come with it.
        membership_offers: Vec<MembershipOffer> = "membershipOffers",
        /// Whether the stock is counted.
        track_inventory: Option<bool> = "trackInventory",
        /// How many are in stock.
        available_quantity: Option<i64> = "availableQuantity",
        /// Whether more may be sold than are in stock.
        allow_out_of_stock_purchases: Option<bool> = "allowOutOfStockPurchases",
        /// The user who created it.
        user_id: Option<UserId> = "userId",
        /// When it was created.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updatedAt",
    }

    /// When a price is paid again.
    pub struct Recurring {
        /// The unit of time.
        interval: Option<PriceInterval> = "interval",
        /// How many of it.
        interval_count: Option<i64> = "intervalCount",
    }

    /// A course that comes with a price.
    pub struct MembershipOffer {
        /// Its id.
        id: Option<String> = "_id" | "id",
        /// Its label.
        label: Option<String> = "label",
        /// Its value.
        value: Option<String> = "value",
    }
}

impl PriceEvent {
    /// How often it is paid, by whichever name the delivery has for it.
    #[must_use]
    pub fn how_often(&self) -> Option<&PriceType> {
        self.price_type.as_ref().or(self.kind.as_ref())
    }
}
