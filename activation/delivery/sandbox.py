"""Where templates run: only what a message needs, and nothing that can grow without bound.

Jinja's own sandbox closes the way to Python's inside; it does not stop `"a" * 10**9`, `{% set s = s ~ s %}` or a width
of a thousand million in `center`. So text cannot be multiplied, every joining place is capped, and filters and text
methods are the few listed here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from jinja2 import BaseLoader, StrictUndefined, Template, nodes, pass_eval_context
from jinja2.exceptions import SecurityError
from jinja2.nodes import EvalContext
from jinja2.runtime import markup_join, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

OUTPUT_LENGTH = 1_000_000
RANGE_LENGTH = 1_000
NUMBER_BITS = 256
EXPONENT = 64
FILTERS = (
    *("abs", "capitalize", "count", "d", "default", "dictsort", "e", "escape", "first", "float", "groupby", "int"),
    *("items", "last", "length", "list", "lower", "map", "max", "min", "reject", "rejectattr", "reverse", "select"),
    *("selectattr", "slice", "sort", "string", "striptags", "sum", "title", "trim", "truncate", "unique", "upper"),
    "urlencode",
)
TEXT_METHODS = frozenset(
    ("capitalize", "count", "endswith", "find", "isdigit", "lower", "lstrip", "rstrip", "split", "startswith", "strip")
)
CONCATENATE = "__concatenate"


class TemplateSandbox(ImmutableSandboxedEnvironment):
    """HTML is escaped, what is undefined fails, and a mapping has keys only, no methods (`order.items`)."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self, loader: BaseLoader, filters: Mapping[str, Callable[..., Any]]) -> None:
        super().__init__(
            loader=loader,
            autoescape=_is_html,
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
        )
        shipped = {name: self.filters[name] for name in FILTERS}
        self.filters = {**shipped, "join": _join, "replace": _replace, CONCATENATE: _concatenate, **filters}
        self.globals = {"range": _range}
        # Everything captured or rendered is joined by this: blocks, macros, `{% set %}…{% endset %}`, the whole.
        self.concat = _concat  # type: ignore[method-assign]

    def from_text(self, source: str) -> Template:
        """A template that is given as text and makes text: nothing is escaped."""
        code = self.compile(source, name="text")
        return self.template_class.from_code(self, code, self.make_globals(None))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if isinstance(obj, str | bytes) and attr not in TEXT_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "+":
            if not _are_numbers(left, right) and len(left) + len(right) > OUTPUT_LENGTH:
                raise SecurityError(f"a text longer than {OUTPUT_LENGTH} characters")
        elif not _are_numbers(left, right):
            raise SecurityError(f"`{operator}` is for numbers only")
        elif _is_huge(operator, left, right):
            raise SecurityError(f"`{operator}` with a number that is too large")
        return super().call_binop(context, operator, left, right)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed: nodes.Template = _CappedConcatenation().visit(super()._parse(source, name, filename))
        return parsed


class _CappedConcatenation(NodeTransformer):
    """Turns `a ~ b` into a filter that looks at the length."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - the name is Jinja's
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, CONCATENATE, [], [], None, None, lineno=node.lineno)


def _is_html(name: str | None) -> bool:
    return name is None or ".html" in name


def _are_numbers(*values: object) -> bool:
    return all(isinstance(value, int | float) or hasattr(value, "as_tuple") for value in values)


def _is_huge(operator: str, left: Any, right: Any) -> bool:
    bits = [value.bit_length() for value in (left, right) if isinstance(value, int)]
    return sum(bits) > NUMBER_BITS or (operator == "**" and abs(right) > EXPONENT)


def _range(*arguments: int) -> range:
    numbers = range(*arguments)
    if len(numbers) > RANGE_LENGTH:
        raise SecurityError(f"a range of more than {RANGE_LENGTH} numbers")
    return numbers


def _concat(parts: Iterable[str]) -> str:
    """`"".join` that stops as soon as the output is too long, while it is being made."""
    kept: list[str] = []
    length = 0
    for part in parts:
        length += len(part)
        if length > OUTPUT_LENGTH:
            raise SecurityError(f"an output longer than {OUTPUT_LENGTH} characters")
        kept.append(part)
    return "".join(kept)


@pass_eval_context
def _concatenate(context: EvalContext, parts: Sequence[Any]) -> str:
    _check_length(parts)
    return markup_join(parts) if context.autoescape else str_join(parts)


@pass_eval_context
def _join(context: EvalContext, value: Iterable[Any], separator: str = "") -> str:
    parts: list[Any] = []
    for part in value:
        parts += [separator, part] if parts else [part]
    return _concatenate(context, parts)


def _replace(text: str, old: str, new: str) -> str:
    if len(text) + text.count(old) * len(new) > OUTPUT_LENGTH:
        raise SecurityError(f"a text longer than {OUTPUT_LENGTH} characters")
    return text.replace(old, new)


def _check_length(parts: Sequence[Any]) -> None:
    if sum(len(part) for part in parts if isinstance(part, str)) > OUTPUT_LENGTH:
        raise SecurityError(f"a text longer than {OUTPUT_LENGTH} characters")
