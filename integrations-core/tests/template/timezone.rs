use integrations_core::model::Address;
use integrations_core::timezone::{Place, of_lead};
use proptest::prelude::*;

fn us(zip: &str) -> Option<&'static str> {
    of_lead(Place {
        country: Some("US"),
        postal_code: Some(zip),
        ..Place::default()
    })
}

fn place<'a>(country: &'a str, state: &'a str, postal: &'a str, city: &'a str) -> Place<'a> {
    let filled = |text: &'a str| (!text.is_empty()).then_some(text);
    Place {
        country: filled(country),
        state: filled(state),
        postal_code: filled(postal),
        city: filled(city),
    }
}

#[test]
fn known_zip_codes() {
    for (zip, zone) in [
        ("90210", "America/Los_Angeles"),
        ("10001", "America/New_York"),
        ("60601", "America/Chicago"),
        ("79901", "America/Denver"),   // El Paso, Texas
        ("79942", "America/Denver"),   // El Paso, wrong in the source data
        ("37405", "America/New_York"), // Chattanooga, wrong in the source data
        ("37201", "America/Chicago"),  // Nashville
        ("32501", "America/Chicago"),  // Pensacola, Florida
        ("33101", "America/New_York"), // Miami
        ("47201", "America/Indiana/Indianapolis"),
        ("47601", "America/Chicago"), // Boonville, Indiana
        ("48201", "America/Detroit"),
        ("57701", "America/Denver"),      // Rapid City, South Dakota
        ("83814", "America/Los_Angeles"), // Coeur d'Alene, Idaho
        ("83702", "America/Boise"),
        ("85001", "America/Phoenix"),
        ("86515", "America/Denver"), // Window Rock, Navajo Nation
        ("96701", "Pacific/Honolulu"),
        ("99501", "America/Anchorage"),
        ("99546", "America/Adak"),
        ("00901", "America/Puerto_Rico"),
        ("00801", "America/St_Thomas"),
        ("96910", "Pacific/Guam"),
        ("00501", "America/New_York"), // the lowest code
        ("99950", "America/Sitka"),    // the highest code
        ("90210-1234", "America/Los_Angeles"),
        (" 02139 ", "America/New_York"),
        ("2139", "America/New_York"), // a zero lost in a spreadsheet
    ] {
        assert_eq!(us(zip), Some(zone), "{zip}");
    }
}

#[test]
fn codes_that_tell_nothing_are_none() {
    for zip in [
        "00000", "99999", "09001", "34001", "96201", "99951", "ABCDE", "452001", "", "1",
    ] {
        assert_eq!(us(zip), None, "{zip}");
    }
    let apo = place("US", "CA", "96201", "APO");
    assert_eq!(
        of_lead(apo),
        None,
        "military post has no clock, whatever the state"
    );
    assert_eq!(of_lead(Place::default()), None);
    let essay = "x ".repeat(100_000);
    assert_eq!(of_lead(place(&essay, &essay, &essay, &essay)), None);
}

#[test]
fn states_without_a_zip_code() {
    for (country, state, city, zone) in [
        ("US", "TX", "", Some("America/Chicago")),
        ("us", "texas", "", Some("America/Chicago")),
        ("USA", "TX", "El Paso", Some("America/Denver")),
        ("U.S.A.", "Tenn", "", None),
        (
            "United States",
            "Tennessee",
            "KNOXVILLE",
            Some("America/New_York"),
        ),
        ("US", "ID", "Coeur d'Alene", Some("America/Los_Angeles")),
        ("US", "FL", "", Some("America/New_York")),
        ("US", "FL", "Pensacola", Some("America/Chicago")),
        ("US", "US-CA", "", Some("America/Los_Angeles")),
        ("US", "Washington, D.C.", "", Some("America/New_York")),
        ("US", "new  york", "", Some("America/New_York")),
        ("", "NY", "", Some("America/New_York")),
        ("", "Ontario", "", Some("America/Toronto")),
        ("PR", "", "San Juan", Some("America/Puerto_Rico")),
        ("Guam", "", "", Some("Pacific/Guam")),
    ] {
        assert_eq!(
            of_lead(place(country, state, "", city)),
            zone,
            "{country} {state} {city}"
        );
    }
}

#[test]
fn canada() {
    for (state, postal, zone) in [
        ("ON", "M5V 3L9", Some("America/Toronto")),
        ("on", "p9n1a1", Some("America/Winnipeg")), // Kenora
        ("ON", "P0T 2E0", Some("America/Toronto")),
        ("BC", "V6B", Some("America/Vancouver")),
        ("BC", "V1C 1A1", Some("America/Edmonton")), // Cranbrook
        ("BC", "V1J-4H7", Some("America/Dawson_Creek")),
        ("SK", "S4P 3Y2", Some("America/Regina")),
        ("SK", "S9V 0A1", Some("America/Edmonton")), // Lloydminster
        ("NL", "A1A 1A1", Some("America/St_Johns")),
        ("NL", "A2V 1A1", Some("America/Goose_Bay")),
        ("QC", "G4T 1A1", Some("America/Halifax")),
        ("QC", "G0G 1W0", None), // the lower north shore is split
        ("NU", "X0C 0G0", Some("America/Rankin_Inlet")),
        ("NS", "", Some("America/Halifax")),
        ("Québec", "", Some("America/Toronto")),
        ("CA-AB", "", Some("America/Edmonton")),
        ("", "T2X 1A1", Some("America/Edmonton")),
        ("", "90210", None),
        ("California", "", None),
    ] {
        assert_eq!(
            of_lead(place("CA", state, postal, "")),
            zone,
            "{state} {postal}"
        );
    }
    assert_eq!(
        of_lead(place("", "", "M5V 3L9", "")),
        Some("America/Toronto")
    );
    assert_eq!(of_lead(place("", "", "M5V", "")), None);
}

#[test]
fn other_countries() {
    for (country, zone) in [
        ("GB", Some("Europe/London")),
        ("uk", Some("Europe/London")),
        ("Ireland", Some("Europe/Dublin")),
        ("DEU", Some("Europe/Berlin")),
        ("in", Some("Asia/Kolkata")),
        ("AU", None),
        ("BR", None),
        ("ES", None),
        ("Atlantis", None),
    ] {
        assert_eq!(of_lead(place(country, "", "", "")), zone, "{country}");
    }
}

#[test]
fn the_country_wins_over_what_contradicts_it() {
    // A real sample of a CRM: a German lead with an American state and an Indian postal code.
    assert_eq!(
        of_lead(place("DE", "AL", "452001", "ruDolomitebika")),
        Some("Europe/Berlin")
    );
    assert_eq!(of_lead(place("DE", "", "90210", "")), Some("Europe/Berlin"));
    assert_eq!(of_lead(place("US", "Bavaria", "M5V 3L9", "")), None);
}

#[test]
fn without_a_country_five_digits_alone_are_not_american() {
    assert_eq!(of_lead(place("", "", "90210", "")), None);
    assert_eq!(
        of_lead(place("", "", "90210-1234", "")),
        Some("America/Los_Angeles")
    );
    assert_eq!(
        of_lead(place("", "CA", "90210", "")),
        Some("America/Los_Angeles")
    );
    // Milan: the state is a code of Michigan's, the postal code is no ZIP code.
    assert_eq!(of_lead(place("", "MI", "I-20121", "Milano")), None);
}

#[test]
fn an_address_of_the_model_is_a_place() {
    let mut address = Address::new();
    address.country = Some("US".into());
    address.postal_code = Some("85001".into());
    assert_eq!(of_lead(&address), Some("America/Phoenix"));
}

proptest! {
    #[test]
    fn any_text_is_answered(country: Option<String>, state: Option<String>, postal: Option<String>, city: Option<String>) {
        let _ = of_lead(Place {
            country: country.as_deref(),
            state: state.as_deref(),
            postal_code: postal.as_deref(),
            city: city.as_deref(),
        });
    }

    #[test]
    fn every_zip_code_has_a_zone_that_the_database_names_or_none(zip in 0u32..100_000) {
        let zone = us(&format!("{zip:05}"));
        prop_assert!(zone.is_none_or(|zone| zone.starts_with("America/") || zone.starts_with("Pacific/")));
    }
}
