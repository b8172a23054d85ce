//! Every diagnostic code with its title and its long story.
//!
//! Ranges: 00xx YAML, 01xx structure and names, 02xx types and parameters, 03xx expressions, 04xx templates,
//! 05xx order and use, 06xx triggers.

macro_rules! codes {
    ($($(#[$outer:meta])* $id:literal $name:ident $title:literal $story:literal)*) => {
        /// A stable code: an author may search for it, a program may match on it. Never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = concat!($id, ": ", $title, ".")] $name,)*
        }

        impl Code {
            /// All codes, in the order of their ids.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// The code as authors see it.
            pub fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            /// What it is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// The long story: why it is wrong and what to do.
            pub fn story(self) -> &'static str {
                match self { $(Code::$name => $story,)* }
            }
        }
    };
}

codes! {
    "KW0001" Yaml "the text is not YAML"
    "The file cannot be read as YAML 1.2, so nothing else in it is checked. The place is where reading stopped; \
     the cause is often a line above: a bracket or a quote that is not closed, or an indentation that differs."
    "KW0002" TooLarge "the file is too large"
    "A workflow has at most 1 MB. Put data in a file of its own and read it with `file.read`."
    "KW0003" TooDeep "the file nests too deep"
    "Mappings and lists may be nested 64 deep. Put the inner steps into blocks of their own further out."
    "KW0004" DuplicateKey "a key stands twice"
    "A mapping has each key once; YAML readers disagree about which of two would win, so neither does. Remove one, \
     or rename it where both are meant."
    "KW0005" Tag "a YAML tag"
    "A word that begins with `!` is a tag in YAML, and workflows have none. In a condition write `not ready` in \
     place of `!ready`; anywhere else put the text in quotes."
    "KW0006" Alias "an alias without its anchor"
    "`*name` stands for what was marked with `&name` further up, and must not stand within it. A text that begins \
     with `*` or `&` needs quotes."
    "KW0007" AliasBudget "aliases add too much"
    "Aliases copy what they name. Together they may add 10,000 nodes, so that a small file cannot become a huge one."
    "KW0008" Documents "more than one document"
    "A file holds one workflow, so `---` may stand only at its top. Put the second workflow in a file of its own."
    "KW0009" NotAMapping "not a mapping at the top"
    "A workflow is a mapping of keys such as `name:` and `steps:`."
    "KW0010" Empty "an empty file"
    "There is nothing in the file but blanks and comments. A workflow has at least `name:` and `steps:`."
    "KW0011" NotText "a character that no text has"
    "The file contains a control character, so it is probably not a text file or was damaged. In a value, write the \
     character as an escape in double quotes: `\"\\u0007\"`."
    "KW0012" BareHole "a hole without quotes"
    "YAML reads `{` as the beginning of a mapping, so a value that begins with `{{` needs quotes: \
     `url: \"{{ inputs.url }}\"`. A bare field such as `if:` needs no braces at all: `if: inputs.ready`."
    "KW0013" BareExpression "an expression that YAML reads differently"
    "Expressions stand in YAML, and YAML looks first: `: `, a quote, `[`, `{`, `!`, `>`, `|`, `@` and `%` at the \
     beginning mean something to it. Put the whole expression in quotes."
    "KW0014" Tab "a tab where YAML wants spaces"
    "YAML does not allow tabs in indentation. Use spaces; most editors can convert them."
    "KW0015" CutComment "a value is cut at ` #`"
    "In YAML a `#` after a blank begins a comment, so what follows is not part of the value. Put the value in quotes \
     where the `#` belongs to it; put a blank after `#` where it is a comment."
    "KW0016" ComplexKey "a key that is no text"
    "Keys are texts, numbers or booleans. Lists and mappings cannot be keys."
    "KW0017" MergeKey "a merge key without a mapping"
    "`<<` copies the keys of a mapping into this one, so its value is an alias of a mapping or a list of such."

    "KW0101" UnknownKey "an unknown key"
    "Each place knows its keys, and a misspelt one would be ignored in silence if it were let through. Keys of your \
     own, as a home for anchors, begin with `x-` and stand at the top."
    "KW0102" UnknownStep "an unknown step"
    "No step of this name can be seen from here. Steps of the same block and of the blocks around it can be read; \
     those inside another block cannot: read that block's value."
    "KW0103" UnknownInput "an unknown input"
    "The workflow declares no input of this name under `inputs:`."
    "KW0104" UnknownName "an unknown name"
    "Bare names are `inputs`, `steps`, `errors`, `meta`, `trigger`, `run`, the variables of the loops around, and \
     `error` in `catch` and `on_failure`. Texts stand in quotes."
    "KW0105" UnknownAction "an unknown action"
    "`use:` names an action of the catalog as `connector.action`."
    "KW0106" NoVerb "a step without a verb"
    "Each step has one verb that says what it does, such as `use`, `http`, `set` or `for_each`."
    "KW0107" TwoVerbs "a step with two verbs"
    "A step does one thing. Make two steps of it; the second reads what it needs from the first."
    "KW0108" VerbNotYet "a verb that is not there yet"
    "The language has this verb, but this version cannot run it."
    "KW0109" MissingKey "a missing key"
    "Something that must be said here is not."
    "KW0110" InvalidName "an invalid name"
    "Names consist of letters, digits and `_`, and begin with no digit. A `-` would be a subtraction: `steps.a-b` is \
     `steps.a` minus `b`. Workflow names are made of `a` to `z`, digits and `-`."
    "KW0111" ReservedItem "a reserved name for an item"
    "Loop variables are read bare, so they cannot have a name that the language uses itself."
    "KW0112" DuplicateStep "two steps of one name"
    "`try`, `catch` and `finally` see each other's steps, so their names differ."
    "KW0113" Shadowed "a name that hides another"
    "An inner name wins over an outer one of the same name, so that the outer cannot be read in the block."
    "KW0114" WrongShape "the wrong shape"
    "A mapping, a list or a text is wanted here, and something else stands there."
    "KW0115" TooManySteps "too many steps"
    "A workflow has at most 65,000 steps. Use `for_each` where many steps do the same."
    "KW0116" NoSteps "no steps"
    "A block of steps is empty, so there is nothing to do."
    "KW0117" NotYet "something that is not there yet"
    "The language has this, but this version does not act on it."
    "KW0118" HiddenStep "a step inside another block"
    "The steps of a block cannot be seen outside of it. Read the value of the block, and let its `output:` give what \
     is needed."
    "KW0119" LaterStep "a step of a later part"
    "`catch` runs after `try` has failed, `finally` at the very end, `on_failure` after the run has failed. What runs \
     earlier cannot read them."

    "KW0201" WrongType "a value of the wrong type"
    "Nothing is converted in silence: `\"3\"` is a text and `3` a number."
    "KW0202" MissingParameter "a missing parameter"
    "The action cannot be called without this parameter."
    "KW0203" UnknownParameter "an unknown parameter"
    "The action has no parameter of this name."
    "KW0204" InvalidDuration "an invalid duration"
    "Durations are written `500ms`, `10s`, `5m`, `1h30m`, `2d`, `1w`, larger units first."
    "KW0205" InvalidType "an invalid type"
    "Types are `string integer number boolean time duration bytes object list any`, `[string]`, \
     `{ a: string, b: integer? }`, `string?`, `a | b` and `{ enum: [bug, feature] }`."
    "KW0206" OutOfRange "a value out of range"
    "The value is smaller or larger than may stand here."
    "KW0207" InvalidPattern "an invalid pattern"
    "`pattern:` is a regular expression, without look-around and back-references."
    "KW0208" WrongDefault "a default that does not fit"
    "The default of an input is checked like a given value: against its type, `min`, `max` and `pattern`."
    "KW0209" UnknownField "an unknown field"
    "A field that a known type does not have can never be there."
    "KW0210" InvalidChoice "not one of the choices"
    "Only certain words may stand here."
    "KW0211" InvalidTime "an invalid time"
    "Times are written as RFC 3339 says: `2026-12-24T09:00:00Z`."
    "KW0212" AmbiguousType "a type that can be read in two ways"
    "A mapping with a lone key `type` is an object with a field of that name. Write `{ type: string, description: … }`, \
     the short form, or `{ type: object, fields: { type: string } }`."
    "KW0213" DuplicateCase "two cases of one key"
    "Cases are compared in order with `==`, so the second of two equal ones can never be reached."

    "KW0214" SecretPlace "a secret in the wrong place"
    "`secret(\"NAME\")` may stand in `auth`, `headers`, `json`, `form` and `body` of `http`, and in parameters that a \
     connector marks as secret. Anywhere else it could be stored or shown."

    "KW0301" ExprSyntax "the text is no expression"
    "An expression is made of paths (`steps.a.body`), literals, operators, calls and pipes. Texts stand in quotes; \
     `and`, `or`, `not` are words; comparisons do not chain."
    "KW0302" ExprLimit "an expression is too long or too deep"
    "An expression has at most 8 KiB and nests at most 64 deep. Compute parts of it in a `set` step of their own."
    "KW0303" UnknownFunction "an unknown function"
    "A name followed by `(`, or after `|`, is a function, and none has this name."
    "KW0304" ArgumentCount "too many or too few arguments"
    "The function takes another number of arguments. In a pipe, what stands left of `|` is the first."
    "KW0305" Lambda "a lambda in the wrong place"
    "A lambda such as `x => x.name` may only be an argument of a list function that takes one."
    "KW0306" ReservedName "a reserved name"
    "The parameter of a lambda is read bare, so it cannot have a name that the language uses itself."
    "KW0307" StepRoot "a root without a step"
    "`steps`, `errors` and `meta` are followed by the name of a step: `steps.fetch`."
    "KW0308" HyphenName "a name with a hyphen"
    "`-` is a subtraction, so that `steps.a-b` is `steps.a` minus `b`. Names use `_`; a key with a hyphen is read as \
     `x[\"a-b\"]`."
    "KW0309" CoalesceMix "`??` beside arithmetic"
    "`??` binds weaker than arithmetic and stronger than comparison. Parentheses show which reading is meant."

    "KW0401" TemplateHole "a hole that is not well-formed"
    "A hole begins with `{{` and ends with `}}`, and holds one expression. `\\{{` is a literal `{{`."
    "KW0402" TemplateBlock "a block in a text that is unknown or not closed"
    "Blocks are `{{#if}}`, `{{#unless}}`, `{{#each}}` and `{{#with}}`; each ends with its own `{{/…}}`."
    "KW0403" TemplateLimit "a text with too many parts"
    "A text has at most 10,000 parts and nests at most 32 deep."
    "KW0404" TemplateForeign "something of another template language"
    "Between `{{` and `}}` stands an expression. There are no partials, decorators, `@index` or `../`; `{{#each}}` \
     gives `this`, `index` and `key`, or names after `as |x i|`."

    "KW0501" Cycle "steps that wait for each other"
    "A step runs when all that it reads has ended. In a cycle none can ever start. Break it: let one of the steps \
     read less, or split it in two."
    "KW0502" ReadsItself "a step that reads itself"
    "A step has no value before it has ended, and what stands inside a block cannot wait for the block. In `repeat`, \
     `last` is the value of the round before."
    "KW0503" Unused "a step that nobody reads"
    "The step has no effects, and nothing uses its value, so it could be left out."
    "KW0504" HardReadOfContinued "a plain read of a step that may fail"
    "With `on_error: continue` a failed step has the value null, and a plain read of it skips the reader. Use `?.` or \
     `??` where the reader should run all the same."
    "KW0505" HardReadOfBody "a plain read of a step that may not have run"
    "In `catch`, `finally` and `on_failure` a step of the body may have failed or never started; then a plain read \
     skips the reader. Use `?.` or `??`."
    "KW0506" UselessSetting "a setting without effect"
    "Only calls of actions are tried again, and only loops collect failures."
    "KW0507" AlwaysSame "a condition that is always the same"
    "The condition reads nothing, so it has the same answer in every run."

    "KW0508" NullTest "a test for null that is never seen"
    "A skipped step is null, and a plain read of it skips the reader, so that the comparison is never made. Write \
     `(steps.a ?? null) == null`, which reads it softly."

    "KW0601" InvalidCron "an invalid cron expression"
    "Five fields: minute, hour, day of month, month, day of week; six begin with seconds. Names (`MON`, `JAN`), \
     `@daily`, `L`, `W` and `#` work. `0 9 * * MON-FRI` is at nine on workdays."
    "KW0602" UnknownTrigger "an unknown trigger"
    "A trigger is one of `cron`, `at`, `every`, `webhook`, `event`, `signal`."
    "KW0603" UnknownZone "an unknown time zone"
    "Time zones are named as in the IANA database: `Europe/Berlin`, `America/New_York`, `UTC`."
    "KW0604" TriggerNotYet "a trigger that does not fire yet"
    "Triggers are checked, but this version only starts runs by hand: `keyway run`."
    "KW0605" OpenInput "a trigger leaves an input open"
    "Nobody is there to answer when a trigger fires, so each required input needs a default or a value under the \
     trigger's `inputs:`."
}

impl Code {
    /// Finds a code by its id, in whatever case.
    pub fn find(id: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn codes_are_sorted_and_found_by_their_id() {
        assert!(Code::ALL.windows(2).all(|pair| pair[0].id() < pair[1].id()));
        assert_eq!(Code::find("kw0102"), Some(Code::UnknownStep));
        assert_eq!(Code::find("KW9999"), None);
    }

    #[test]
    fn every_code_has_a_title_and_a_story() {
        for code in Code::ALL {
            assert!(!code.title().is_empty() && code.story().ends_with(['.', '`']), "{}", code.id());
        }
    }
}
