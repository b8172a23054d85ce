//! What each provider answers to the check of a key, as its documents show it, and what that says of the key.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use vault::provider::{PROVIDERS, Verdict, find};

fn read(provider: &str, status: u16, body: &str) -> Verdict {
    find(provider).unwrap().read(status, body.as_bytes())
}

const MODELS: &str = r#"{"object":"list","data":[{"id":"m","object":"model"}]}"#;

#[test]
fn every_answer_on_record_is_read_for_what_it_says() {
    let openai = |code: &str| {
        format!(r#"{{"error":{{"message":"no","type":"{code}","param":null,"code":"{code}"}}}}"#)
    };
    let anthropic = |kind: &str| {
        format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"no"}},"request_id":"r"}}"#)
    };
    let gemini = |reason: &str, message: &str| {
        format!(
            r#"{{"error":{{"code":400,"message":"{message}","status":"INVALID_ARGUMENT","details":[{{"@type":"a"}},{{"@type":"b","reason":"{reason}"}}]}}}}"#
        )
    };
    let rows = [
        ("openai", 200, MODELS.to_owned(), Verdict::Valid),
        ("openai", 401, openai("invalid_api_key"), Verdict::Invalid),
        ("openai", 401, openai("key_expired"), Verdict::Expired),
        ("openai", 403, openai("unsupported_country_region_territory"), Verdict::Unavailable),
        ("openai", 429, openai("rate_limit_exceeded"), Verdict::RateLimited),
        ("openai", 429, openai("slow_down"), Verdict::RateLimited),
        ("openai", 429, openai("insufficient_quota"), Verdict::NoCredit),
        ("openai", 429, openai("credit_balance_exhausted"), Verdict::NoCredit),
        ("openai", 429, openai("organization_spend_limit_exceeded"), Verdict::NoCredit),
        ("openai", 429, openai("project_spend_limit_exceeded"), Verdict::NoCredit),
        ("openai", 429, openai("organization_usage_limit_exceeded"), Verdict::NoCredit),
        ("openai", 503, openai("server_is_overloaded"), Verdict::Unavailable),
        ("compatible", 200, MODELS.to_owned(), Verdict::Valid),
        ("compatible", 401, "{}".into(), Verdict::Invalid),
        ("compatible", 404, openai("not_found"), Verdict::Foreign),
        ("anthropic", 200, r#"{"data":[],"has_more":false}"#.into(), Verdict::Valid),
        ("anthropic", 401, anthropic("authentication_error"), Verdict::Invalid),
        ("anthropic", 402, anthropic("billing_error"), Verdict::NoCredit),
        ("anthropic", 403, anthropic("permission_error"), Verdict::Invalid),
        ("anthropic", 429, anthropic("rate_limit_error"), Verdict::RateLimited),
        ("anthropic", 529, anthropic("overloaded_error"), Verdict::Unavailable),
        ("gemini", 200, r#"{"models":[{"name":"models/m"}]}"#.into(), Verdict::Valid),
        ("gemini", 400, gemini("API_KEY_INVALID", "API key not valid."), Verdict::Invalid),
        ("gemini", 400, gemini("API_KEY_INVALID", "API key expired."), Verdict::Expired),
        ("gemini", 400, gemini("OTHER", "bad page size"), Verdict::Foreign),
        ("gemini", 402, r#"{"error":{"code":402,"status":"RESOURCE_EXHAUSTED"}}"#.into(), Verdict::NoCredit),
        ("gemini", 403, r#"{"error":{"code":403,"status":"PERMISSION_DENIED"}}"#.into(), Verdict::Invalid),
        ("gemini", 429, r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}"#.into(), Verdict::RateLimited),
        ("deepseek", 200, r#"{"is_available":true,"balance_infos":[]}"#.into(), Verdict::Valid),
        ("deepseek", 200, r#"{"is_available":false,"balance_infos":[]}"#.into(), Verdict::NoCredit),
        ("deepseek", 401, openai("authentication_error"), Verdict::Invalid),
        ("deepseek", 402, openai("insufficient_balance"), Verdict::NoCredit),
        ("azure", 200, MODELS.to_owned(), Verdict::Valid),
        ("azure", 401, r#"{"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}}"#.into(), Verdict::Invalid),
        ("azure", 404, r#"{"error":{"code":"404","message":"Resource not found"}}"#.into(), Verdict::Foreign),
        ("cohere", 200, r#"{"valid":true,"organization_id":"o","owner_id":"w"}"#.into(), Verdict::Valid),
        ("cohere", 200, r#"{"valid":false}"#.into(), Verdict::Invalid),
        ("cohere", 401, r#"{"id":"1","message":"invalid api token"}"#.into(), Verdict::Invalid),
        ("cohere", 498, r#"{"id":"1","message":"invalid token"}"#.into(), Verdict::Invalid),
        ("cohere", 429, r#"{"id":"1","message":"trial"}"#.into(), Verdict::RateLimited),
    ];
    for (provider, status, body, wanted) in rows {
        assert_eq!(read(provider, status, &body), wanted, "{provider} {status} {body}");
    }
}

#[test]
fn what_is_not_the_providers_says_nothing_of_the_key() {
    let page = "<!doctype html><title>Sign in</title>";
    for provider in PROVIDERS.iter() {
        let read = |status, body: &str| provider.read(status, body.as_bytes());
        for status in [200, 204, 302, 401, 402, 403, 404] {
            assert_eq!(read(status, page), Verdict::Foreign, "{} {status}", provider.name);
        }
        assert_eq!(read(200, r#"{"hello":"world"}"#), Verdict::Foreign, "{}", provider.name);
        assert_eq!(read(200, "[]"), Verdict::Foreign, "{}", provider.name);
        assert_eq!(read(200, ""), Verdict::Foreign, "{}", provider.name);
        // These need no body.
        assert_eq!(read(401, ""), Verdict::Invalid, "{}", provider.name);
        assert_eq!(read(429, page), Verdict::RateLimited, "{}", provider.name);
        assert_eq!(read(502, page), Verdict::Unavailable, "{}", provider.name);
    }
}

#[test]
fn a_version_of_the_api_stands_in_the_path_of_azure_alone_and_stays_in_its_place() {
    let versioned = BTreeMap::from([("api_version".to_owned(), "2024-10-21&x=/#".to_owned())]);
    for provider in PROVIDERS.iter() {
        let plain = provider.check.path(&BTreeMap::new());
        assert!(plain.starts_with('/'), "{}", provider.name);
        match &*provider.name {
            "azure" => assert_eq!(
                provider.check.path(&versioned),
                "/openai/models?api-version=2024-10-21%26x%3D%2F%23"
            ),
            _ => assert_eq!(provider.check.path(&versioned), plain),
        }
    }
}

#[test]
fn names_are_in_order_and_no_key_stands_in_an_address() {
    let names: Vec<&str> = PROVIDERS.iter().map(|provider| &*provider.name).collect();
    assert!(names.is_sorted() && names.len() == 7, "{names:?}");
    for provider in PROVIDERS.iter() {
        assert!(!provider.check.path(&BTreeMap::new()).contains("key="), "{}", provider.name);
        assert!(!provider.check.header.is_empty());
    }
}
