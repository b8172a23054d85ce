//! A manifest to begin with.

/// The text of a manifest for a service of this name; it is right as it stands.
pub fn manifest(id: &str) -> String {
    let name: String = id
        .split('_')
        .map(|word| {
            let mut letters = word.chars();
            letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
        })
        .collect::<Vec<_>>()
        .join(" ");
    let host = id.replace('_', "-");
    format!(
        r#"connector: {id}
name: {name}
version: 1.0.0
about: What {name} is for, in a sentence.
docs: https://{host}.example/docs
setup:
  - Where somebody makes a token, a sentence for each step.
hosts: [api.{host}.example]
base: https://api.{host}.example/v1

connection:
  verify: whoami
  label: "{{{{ response.body.name }}}}"

auth:
  token:
    kind: bearer
    about: A token of your account.

defaults:
  headers: {{ accept: application/json }}
  errors:
    - {{ when: response.status == 429, as: rate_limited }}
    - {{ when: response.status >= 400, as: fail, message: "{{{{ response.body.message }}}}" }}
  limits:
    wait: [{{ header: retry-after }}]

actions:
  whoami:
    about: Tell who the token belongs to.
    effect: read
    safety: read
    request: {{ method: GET, path: /me }}
    returns: {{ id: string, name: string }}

  list_items:
    about: List items.
    effect: read
    safety: read
    input:
      limit: {{ type: integer, optional: true, description: "Most items; all where nothing is said." }}
    request: {{ method: GET, path: /items, query: {{ page_size: 100 }} }}
    pages:
      kind: cursor
      items: response.body.items
      next: response.body?.next
      into: {{ query: cursor }}
      limit: input.limit
    output: {{ items: "{{{{ items }}}}" }}
    returns: {{ items: [{{ id: string, title: string? }}] }}

  create_item:
    about: Create an item.
    effect: create
    safety: once
    input:
      title: {{ type: string, description: "Its title." }}
    request: {{ method: POST, path: /items, json: {{ title: "{{{{ input.title }}}}" }} }}
    returns: {{ id: string }}
"#
    )
}

#[cfg(test)]
mod tests {
    use crate::library::embedded_families;
    use crate::read;

    #[test]
    fn a_manifest_to_begin_with_is_right() {
        for id in ["acme", "google_maps"] {
            let read = read::manifest(&super::manifest(id), Some(id), embedded_families());
            assert!(read.value.is_some() && read.diagnostics.is_empty(), "{:#?}", read.diagnostics);
        }
    }
}
