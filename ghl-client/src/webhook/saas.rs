//! Plans that a company sells to its locations.

use jiff::Timestamp;
use serde_json::Value;

use crate::ids::{CompanyId, PlanId};

integrations_core::object! {
    /// A company created a plan for its locations.
    pub struct SaasPlanEvent {
        /// The plan.
        plan_id: Option<PlanId> = "planId",
        /// The company.
        company_id: Option<CompanyId> = "companyId",
        /// Its title.
        title: Option<String> = "title",
        /// What it is.
        description: Option<String> = "description",
        /// What is in it, for example `web-chat`.
        saas_products: Vec<String> = "saasProducts",
        /// What can be added; the documents do not say in which form.
        add_ons: Vec<Value> = "addOns",
        /// Its rank among the plans.
        plan_level: Option<i64> = "planLevel",
        /// How many days of trial.
        trial_period: Option<i64> = "trialPeriod",
        /// How many users; 0 for any number.
        user_limit: Option<i64> = "userLimit",
        /// How many contacts; 0 for any number.
        contact_limit: Option<i64> = "contactLimit",
        /// Its prices.
        prices: Vec<SaasPrice> = "prices",
        /// Its category.
        category_id: Option<String> = "categoryId",
        /// The snapshot that new locations start from.
        snapshot_id: Option<String> = "snapshotId",
        /// The product at the payment provider.
        product_id: Option<String> = "productId",
        /// Whether it is a plan of the second generation.
        is_saas_v2: Option<bool> = "isSaaSV2",
        /// When it was created.
        created_at: Option<Timestamp> = "createdAt",
        /// When it was changed last.
        updated_at: Option<Timestamp> = "updatedAt",
    }

    /// A price of a plan.
    pub struct SaasPrice {
        /// The price at the payment provider.
        id: Option<String> = "id",
        /// For example `month`.
        billing_interval: Option<String> = "billingInterval",
        /// Whether it can be chosen.
        active: Option<bool> = "active",
        /// How much, in the currency's smallest unit.
        amount: Option<f64> = "amount",
        /// The currency, ISO 4217, in small letters.
        currency: Option<String> = "currency",
        /// The currency's sign.
        symbol: Option<String> = "symbol",
    }
}
