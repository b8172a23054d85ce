//! What the routes of the pages' editor take and give.

use super::*;

pub const PLACE: Shape = Fields(&[
    always("text", Text, "A workflow in YAML, which may be unfinished."),
    always("at", Count, "How many bytes of the text, in UTF-8, come before the place."),
]);
pub const ITEMS: Shape = Fields(&[always(
    "items",
    List(&Fields(&[
        always("label", Text, ""),
        always("kind", Text, ""),
        always("detail", Text, "Its form or type."),
        always("documentation", Text, "Markdown."),
        always("from", Count, "What is replaced: from this byte on,"),
        always("to", Count, "to before this one."),
        always("text", Text, "By what."),
    ])),
    "",
)]);
pub const HOVER: Shape = Fields(&[always(
    "hover",
    Maybe(&Fields(&[always("from", Count, ""), always("to", Count, ""), always("text", Text, "Markdown.")])),
    "",
)]);
const PICTURE_DRAWN: Known = Known {
    name: "Picture",
    about: "Boxes and lines of a workflow, in pixels.",
    shape: Fields(&[
        always("workflow", Text, ""),
        always("title", Text, ""),
        always("width", Any, ""),
        always("height", Any, ""),
        always(
            "frames",
            List(&Fields(&[
                always("step", Maybe(&Text), "The path of its step, without the numbers of items."),
                always("x", Any, ""),
                always("y", Any, ""),
                always("width", Any, ""),
                always("height", Any, ""),
                always("tone", Word(&["step", "holder", "part", "end"]), ""),
                always("sort", Maybe(&Text), ""),
                always("skips", Flag, "Whether it can be skipped."),
                always("title", Text, ""),
                always(
                    "lines",
                    List(&Fields(&[
                        always("x", Any, ""),
                        always("y", Any, ""),
                        always("text", Text, ""),
                        always("voice", Word(&["name", "about", "condition", "label"]), ""),
                    ])),
                    "",
                ),
            ])),
            "The boxes, outer ones first.",
        ),
        always(
            "curves",
            List(&Fields(&[
                always("kind", Word(&["hard", "soft", "after", "start"]), ""),
                always("points", Any, ""),
            ])),
            "",
        ),
        always(
            "inputs",
            List(&Fields(&[
                always("name", Text, ""),
                always("type", Text, ""),
                always("optional", Flag, ""),
                always("default", Any, ""),
            ])),
            "What a run is asked for.",
        ),
        always("triggers", List(&Text), "What starts runs, in words."),
    ]),
};
pub const PICTURE: Shape = Fields(&[always("picture", Maybe(&Of(&PICTURE_DRAWN)), "")]);
pub const GIVEN: Shape = Fields(&[
    always("inputs", Any, "Secrets are names here, as everywhere."),
    always("steps", Named(&Any), "What each step was called with, by its path."),
]);
pub const DIFFERENCES_QUERY: &[Field] = &[always("with", Text, "The other run.")];
pub const DIFFERENCES: Shape = Fields(&[
    always("runs", List(&Text), "The two runs."),
    always("same", Count, "How many steps both have that do not differ but in how long they took."),
    always(
        "differences",
        List(&Fields(&[
            always(
                "place",
                Text,
                "Of what: `version`, `inputs.NAME`, `status`, `output`, or a step and what of it.",
            ),
            always("values", List(&Any), "What the two runs have there; null where one has nothing."),
        ])),
        "From the outside inward.",
    ),
]);
pub const SAVINGS: Shape = Fields(&[
    always("by", Word(&WORDS), ""),
    always(
        "savings",
        List(&Fields(&[
            always("name", Text, ""),
            always("calls", Count, ""),
            always("answers", Count, ""),
            always("below", Count, "Answers of a model below what the step asks for."),
            always("escalated", Count, "Answers that did not fit, and were asked again of a better model."),
            always("uncompared", Count, "Answers that count the same on all sides."),
            always("reused", Count, "Answers from before, by `cache`."),
            always("reused_unknown", Count, ""),
            always("reused_saved_usd", Text, ""),
            always("cost_usd", Text, ""),
            always("by_price_alone_usd", Text, "With the cheapest model that is as good as the step asks."),
            always("with_the_best_usd", Text, "With the cheapest of the best grade."),
            always("saved_beside_price_alone_percent", Any, ""),
            always("saved_beside_the_best_percent", Any, ""),
        ])),
        "",
    ),
]);
