use ghl_client::SortOrder;
use serde_json::json;

use super::NONE;
use crate::support::Cases;

pub(crate) async fn add(cases: &mut Cases) {
    let location = cases.location();
    let users = location.users();
    let user = json!({
        "id": "use1", "name": "Sam Sample", "firstName": "Sam", "lastName": "Sample", "email": "sam@example.com",
        "phone": "+12025550101", "extension": "12", "permissions": {"contactsEnabled": true, "botService": false},
        "scopes": ["contacts.write"], "deleted": false, "lcPhone": {"loc1": "+12025550102"},
        "roles": {"type": "account", "role": "admin", "locationIds": ["loc1"], "restrictSubAccount": true},
        "platformLanguage": "en_US"
    });
    cases
        .only(users.get("use1"), "GET /users/use1", NONE, &user)
        .await;

    let list = json!({"users": [user]});
    cases
        .only(users.list(), "GET /users/?locationId=loc1", NONE, &list)
        .await;

    let found = json!({"users": [user], "count": 1});
    cases
        .required(
            users.search("com1"),
            "GET /users/search?companyId=com1&locationId=loc1",
            NONE,
            &found,
        )
        .await;
    cases
        .full(
            users
                .search("com1")
                .query("Sam")
                .kind("account")
                .role("admin")
                .ids(["use1", "use2"])
                .sort("dateAdded")
                .sort_direction(SortOrder::Ascending)
                .enabled_2way_sync(true)
                .skip(25_u32)
                .limit(10_u32),
            "GET /users/search?companyId=com1&locationId=loc1&query=Sam&type=account&role=admin&ids=use1%2Cuse2\
             &sort=dateAdded&sortDirection=asc&enabled2waySync=true&skip=25&limit=10",
            NONE,
            &found,
        )
        .await;
}
