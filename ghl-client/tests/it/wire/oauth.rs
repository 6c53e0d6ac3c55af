use serde_json::json;

use super::NONE;
use crate::support::Cases;

pub(crate) async fn add(cases: &mut Cases) {
    let client = cases.client();
    cases
        .only(
            client.oauth().location_token("com1", "loc&1"),
            "POST /oauth/locationToken",
            json!({"companyId": "com1", "locationId": "loc&1"}),
            &json!({
                "access_token": "made-up", "token_type": "Bearer", "expires_in": 86399, "locationId": "loc1",
                "scope": "contacts.readonly contacts.write", "planId": "pla1", "userId": "use1", "refresh_token": null,
                "appId": "app1", "versionId": "ver1"
            }),
        )
        .await;

    let installed = json!({
        "locations": [{"_id": "loc1", "name": "Example Dental", "address": "1 Example Street", "isInstalled": true,
            "versionId": "ver1", "installedAt": "2026-01-02T03:04:05.000Z"}],
        "count": 1, "installToFutureLocations": false
    });
    cases
        .required(
            client.oauth().installed_locations("com1", "app1"),
            "GET /oauth/installedLocations?companyId=com1&appId=app1",
            NONE,
            &installed,
        )
        .await;
    cases
        .full(
            client
                .oauth()
                .installed_locations("com1", "app1")
                .skip(20_u32)
                .limit(10_u32)
                .query("dental")
                .is_installed(true)
                .version_id("ver1")
                .on_trial(false)
                .plan_id("pla1")
                .location_id("loc&1"),
            "GET /oauth/installedLocations?companyId=com1&appId=app1&skip=20&limit=10&query=dental&isInstalled=true\
             &versionId=ver1&onTrial=false&planId=pla1&locationId=loc%261",
            NONE,
            &installed,
        )
        .await;
}
