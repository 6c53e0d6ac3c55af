//! Invoices: created, sent, paid, voided, deleted.

use integrations_core::open_enum;
use jiff::Timestamp;
use serde_json::Value;

use super::product::ItemTax;
use crate::ids::{ContactId, InvoiceId, PriceId, ProductId};

open_enum! {
    /// How an invoice stands.
    pub enum InvoiceStatus {
        /// Not sent.
        Draft = "draft",
        /// Sent.
        Sent = "sent",
        /// A payment is on its way.
        PaymentProcessing = "payment_processing",
        /// Paid.
        Paid = "paid",
        /// Paid in part.
        PartiallyPaid = "partially_paid",
        /// Not to be paid any more.
        Void = "void",
    }

    /// How a discount is counted.
    pub enum DiscountType {
        /// In percent.
        Percentage = "percentage",
        /// As an amount.
        Fixed = "fixed",
    }
}

integrations_core::object! {
    /// An invoice as it is after the change; of a deletion, as it was before.
    ///
    /// The documented deliveries name their location in [`alt_id`](Self::alt_id) and have no `locationId`.
    pub struct InvoiceEvent {
        /// The invoice.
        id: Option<InvoiceId> = "_id" | "id",
        /// Whose it is: a location's id when [`alt_type`](Self::alt_type) is `location`.
        alt_id: Option<String> = "altId",
        /// `location`.
        alt_type: Option<String> = "altType",
        /// How it stands.
        status: Option<InvoiceStatus> = "status",
        /// Whether it is about real money.
        live_mode: Option<bool> = "liveMode",
        /// Its number, as the contact sees it.
        invoice_number: Option<String> = "invoiceNumber",
        /// Its name in the application.
        name: Option<String> = "name",
        /// Its heading.
        title: Option<String> = "title",
        /// The currency, ISO 4217.
        currency: Option<String> = "currency",
        /// What is to be paid in all.
        total: Option<f64> = "total",
        /// What was paid.
        amount_paid: Option<f64> = "amountPaid",
        /// What is left to pay.
        amount_due: Option<f64> = "amountDue",
        /// When it was issued: a date, as the provider writes it.
        issue_date: Option<String> = "issueDate",
        /// Until when it is to be paid: a date, as the provider writes it.
        due_date: Option<String> = "dueDate",
        /// Who sends it.
        business_details: Option<BusinessDetails> = "businessDetails",
        /// Who gets it.
        contact_details: Option<ContactDetails> = "contactDetails",
        /// The discount.
        discount: Option<Discount> = "discount",
        /// Its lines.
        items: Vec<InvoiceItem> = "invoiceItems",
        /// The total before and after the discount.
        total_summary: Option<TotalSummary> = "totalSummary",
        /// When it was created.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updatedAt",
    }

    /// Who sends an invoice.
    pub struct BusinessDetails {
        /// Name.
        name: Option<String> = "name",
        /// Address: a text in the provider's samples.
        address: Value = "address",
        /// Phone number.
        phone_no: Option<String> = "phoneNo",
        /// Website.
        website: Option<String> = "website",
        /// Where the logo is.
        logo_url: Option<String> = "logoUrl",
        /// Values of the location.
        custom_values: Vec<Value> = "customValues",
    }

    /// Who gets an invoice.
    pub struct ContactDetails {
        /// The contact.
        id: Option<ContactId> = "id",
        /// Name.
        name: Option<String> = "name",
        /// Name of the company the contact works for.
        company_name: Option<String> = "companyName",
        /// E-mail address.
        email: Option<String> = "email",
        /// Further e-mail addresses.
        additional_emails: Vec<InvoiceEmail> = "additionalEmails",
        /// Phone number.
        phone_no: Option<String> = "phoneNo",
        /// Address.
        address: Option<InvoiceAddress> = "address",
        /// Values of the location's custom fields.
        custom_fields: Vec<Value> = "customFields",
    }

    /// A further e-mail address.
    pub struct InvoiceEmail {
        /// The address.
        email: Option<String> = "email",
    }

    /// The address of who gets an invoice.
    pub struct InvoiceAddress {
        /// Street and number.
        line1: Option<String> = "addressLine1",
        /// More of it.
        line2: Option<String> = "addressLine2",
        /// City.
        city: Option<String> = "city",
        /// State or province.
        state: Option<String> = "state",
        /// Postal code.
        postal_code: Option<String> = "postalCode",
        /// Country, ISO 3166-1 alpha-2.
        country_code: Option<String> = "countryCode",
    }

    /// A discount.
    pub struct Discount {
        /// How it is counted.
        kind: Option<DiscountType> = "type",
        /// How much.
        value: Option<f64> = "value",
    }

    /// A line of an invoice.
    pub struct InvoiceItem {
        /// The line.
        id: Option<String> = "_id" | "id",
        /// The product.
        product_id: Option<ProductId> = "productId",
        /// The price.
        price_id: Option<PriceId> = "priceId",
        /// What is sold.
        name: Option<String> = "name",
        /// More about it.
        description: Option<String> = "description",
        /// The currency, ISO 4217.
        currency: Option<String> = "currency",
        /// How many.
        quantity: Option<f64> = "qty",
        /// What one costs.
        amount: Option<f64> = "amount",
        /// Taxes.
        taxes: Vec<ItemTax> = "taxes",
    }

    /// The total of an invoice.
    pub struct TotalSummary {
        /// Before the discount.
        sub_total: Option<f64> = "subTotal",
        /// The discount.
        discount: Option<f64> = "discount",
        /// The tax.
        tax: Option<f64> = "tax",
    }
}
