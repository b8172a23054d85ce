//! What is hidden in a recorded exchange, and what stays.

use super::*;

#[test]
fn what_belongs_to_somebody_becomes_another_and_what_does_not_stays() {
    let given = json!({
        "id": "a3f5c1d2-0b7e-4c1a-9d55-1f0e2b3c4d5e", "sha": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b", "n": 1234567890,
        "mail": "Ada <ada@acme.example>", "again": "mailto:ada@acme.example?x", "other": "bob@acme.example",
        "access_token": "plain", "nested": { "X-Api-Key": ["k-123456"] }, "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "text": "use xoxb-17-abcdefgh now", "random": "aB3dE6gH9jK2mN5pQ8sT1vW4", "about": "a sentence of many words and of no secret",
    });
    let mut veil = Veil::default();
    veil.see(&given, false);
    veil.settle();
    let shown = veil.json(&given);
    let text = shown.to_string();
    for hidden in ["ada@acme", "bob@acme", "\"plain\"", "k-123456", "eyJhbG", "xoxb-17", "aB3dE6gH9"] {
        assert!(!text.contains(hidden), "{hidden}: {text}");
    }
    for kept in ["id", "sha", "n", "about"] {
        assert_eq!(shown[kept], given[kept]);
    }
    assert_eq!(shown["mail"], "Ada <person-1@example.com>");
    assert_eq!(shown["again"], "mailto:person-1@example.com?x");
    assert_eq!(veil.text("q=ada%40acme.example"), "q=person-1%40example.com");
}

#[test]
fn a_secret_is_known_by_its_key_wherever_its_pair_stands() {
    let shown = |given: &Json| {
        let mut veil = Veil::default().with_open_mails();
        veil.see(given, false);
        veil.settle();
        veil.json(given)
    };
    for given in [
        json!({ "query": { "code": "plain", "x": "1" } }),
        json!({ "trigger": { "query": { "key": ["plain"] } } }),
        json!({ "form": [{ "name": "sig", "value": "plain" }] }),
        json!({ "headers": [{ "name": "Authorization", "value": "plain" }] }),
        json!({ "headers": [{ "value": "plain", "key": "X-Api-Key" }] }),
        json!({ "passphrase": "plain" }),
        json!({ "pass": "plain" }),
        json!({ "bearer": "plain" }),
        json!({ "text": "at postgres://ann:plain@db.example/x" }),
    ] {
        assert!(!shown(&given).to_string().contains("plain"), "{given}");
    }
    // A number stays a number of its length, also where it stands in a text.
    let given = json!({ "otp": 123_456, "query": { "pin": 4711 }, "n": 123_456, "text": "it is 123456" });
    assert_eq!(
        shown(&given),
        json!({ "otp": 100_001, "query": { "pin": 1000 }, "n": 100_001, "text": "it is 100001" })
    );
    // The control: what has such a name by chance, and what counts.
    for given in [
        json!({ "code": "plain", "key": "plain", "pin": "plain" }),
        json!({ "query": { "page": "plain", "filter": { "key": "plain" } } }),
        json!({ "fields": [{ "name": "colour", "value": "plain" }] }),
        json!({ "compass": "plain", "text": "https://ann@a.example:8080/plain" }),
        json!({ "input_tokens": 12_345, "token": 12 }),
    ] {
        assert_eq!(shown(&given), given);
    }
}

#[test]
fn a_secret_in_a_link_or_a_form_is_known_by_its_name() {
    let hides = |text: &str, hidden: &str| {
        let mut veil = Veil::default();
        veil.see_text(text);
        veil.settle();
        !veil.text(text).contains(hidden)
    };
    for text in [
        "https://a.example/f?access_token=plain&x=1",
        "see https://a.example/f?x=1&Signature=plain, and more",
        "https://a.example/#id=1;api-key=plain",
        "grant_type=x&client_secret=plain",
        "session_id=plain; path=/",
        "https://a.example/f?X-Amz-Security-Token=plain",
        "https://a.example/f?sig=plain",
        "https://a.example/f?code=plain&state=1",
        "https://a.example/f?user%5Bpassword%5D=plain",
    ] {
        assert!(hides(text, "plain"), "{text}");
    }
    // The control: other names stay, and so does what has such a name as a part of a word of its own.
    for text in ["https://a.example/f?page=plain", "grams=plain", "https://a.example/f?zipcode=plain"] {
        assert!(!hides(text, "plain"), "{text}");
    }
    // However it is spelt, it becomes one and the same.
    let mut veil = Veil::default();
    veil.see_text("https://a.example/f?token=a%2Bb%20c");
    veil.settle();
    for (text, shown) in [("a+b c", "hidden-1"), ("a%2Bb+c", "hidden-1"), ("a%2Bb%20c", "hidden-1")] {
        assert_eq!(veil.text(text), shown);
    }
}
