//! Orders: placed, and how they go on.

use integrations_core::open_enum;
use jiff::Timestamp;
use serde_json::Value;

use super::contact::ContactEvent;
use super::price::PriceType;
use super::product::{ItemTax, Variant};
use crate::ids::{ContactId, LocationId, OrderId, PriceId, ProductId};

open_enum! {
    /// How an order stands.
    pub enum OrderStatus {
        /// Not paid.
        Pending = "pending",
        /// Done.
        Completed = "completed",
        /// Called off.
        Cancelled = "cancelled",
        /// Paid back.
        Refunded = "refunded",
    }

    /// Whether the goods are on their way.
    pub enum FulfillmentStatus {
        /// Not sent.
        Unfulfilled = "unfulfilled",
        /// Sent in part.
        PartiallyFulfilled = "partially_fulfilled",
        /// Sent.
        Fulfilled = "fulfilled",
    }
}

integrations_core::object! {
    /// An order was placed, or its state changed.
    pub struct OrderEvent {
        /// The order.
        id: Option<OrderId> = "_id" | "id",
        /// The location.
        location_id: Option<LocationId> = "locationId",
        /// Whose it is: a location's id when [`alt_type`](Self::alt_type) is `location`.
        alt_id: Option<String> = "altId",
        /// `location`.
        alt_type: Option<String> = "altType",
        /// How it stands.
        status: Option<OrderStatus> = "status",
        /// Whether the goods are on their way.
        fulfillment_status: Option<FulfillmentStatus> = "fulfillmentStatus",
        /// The buyer.
        contact_id: Option<ContactId> = "contactId",
        /// The buyer as they were when they ordered.
        contact_snapshot: Option<ContactEvent> = "contactSnapshot",
        /// The currency, ISO 4217.
        currency: Option<String> = "currency",
        /// What is to be paid in all.
        amount: Option<f64> = "amount",
        /// What it is made up of.
        amount_summary: Option<AmountSummary> = "amountSummary",
        /// Taxes.
        tax_summary: Vec<ItemTax> = "taxSummary",
        /// Whether it is about real money.
        live_mode: Option<bool> = "liveMode",
        /// Where it was placed.
        source: Option<OrderSource> = "source",
        /// Its lines.
        items: Vec<OrderItem> = "items",
        /// When it was placed.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updatedAt",
    }

    /// What the amount of an order is made up of.
    pub struct AmountSummary {
        /// The goods.
        subtotal: Option<f64> = "subtotal",
        /// The discount.
        discount: Option<f64> = "discount",
        /// The tax.
        tax: Option<f64> = "tax",
        /// Shipping.
        shipping: Option<f64> = "shipping",
    }

    /// Where an order was placed.
    pub struct OrderSource {
        /// For example `website` or `funnel`.
        kind: Option<String> = "type",
        /// For example `store`.
        sub_type: Option<String> = "subType",
        /// The website or funnel.
        id: Option<String> = "id",
        /// Its name.
        name: Option<String> = "name",
        /// The page, as the kind of source describes it.
        meta: Value = "meta",
    }

    /// A line of an order.
    pub struct OrderItem {
        /// What was sold.
        name: Option<String> = "name",
        /// How many.
        quantity: Option<f64> = "qty",
        /// The product as it was.
        product: Option<OrderedProduct> = "product",
        /// The price as it was.
        price: Option<OrderedPrice> = "price",
    }

    /// A product as it was when it was ordered.
    pub struct OrderedProduct {
        /// The product.
        id: Option<ProductId> = "_id" | "id",
        /// Its name.
        name: Option<String> = "name",
        /// What it is, as text or HTML.
        description: Option<String> = "description",
        /// Whether the shop has it.
        available_in_store: Option<bool> = "availableInStore",
        /// Taxes.
        taxes: Vec<ItemTax> = "taxes",
        /// What one could choose.
        variants: Vec<Variant> = "variants",
    }

    /// A price as it was when it was ordered.
    pub struct OrderedPrice {
        /// The price.
        id: Option<PriceId> = "_id" | "id",
        /// Its name.
        name: Option<String> = "name",
        /// How often it is paid.
        kind: Option<PriceType> = "type",
        /// The currency, ISO 4217.
        currency: Option<String> = "currency",
        /// How much.
        amount: Option<f64> = "amount",
        /// The chosen variants.
        variant_option_ids: Vec<String> = "variantOptionIds",
    }
}
