// As much of JSON Schema as the exporter of .NET writes: types, properties, what is required, items, enums, references.

using System.Text.Json;
using System.Text.Json.Nodes;

namespace VmBus.Tool.Tests.Cli;

/// <summary>Holds a document to a schema. Stricter than JSON Schema: a property that is not described is a fault.</summary>
internal static class SchemaCheck
{
    private static readonly string[] Understood =
        ["$schema", "title", "type", "properties", "required", "items", "enum", "$ref", "format", "pattern", "additionalProperties", "default", "minItems", "maxItems"];

    /// <summary>What is wrong with a document, a line each.</summary>
    public static IReadOnlyList<string> Of(JsonObject schema, JsonNode? document)
    {
        List<string> faults = [];
        Check(schema, schema, document, "$", faults);
        return faults;
    }

    private static void Check(JsonObject root, JsonNode schemaNode, JsonNode? value, string at, List<string> faults)
    {
        if (schemaNode is JsonValue any && any.GetValueKind() == JsonValueKind.True)
            return;
        JsonObject schema = schemaNode.AsObject();
        foreach ((string keyword, _) in schema)
            Assert.Contains(keyword, Understood);
        if (schema["$ref"] is { } reference)
            schema = Resolve(root, reference.GetValue<string>());
        string kind = KindOf(value);
        string[] types = schema["type"] switch { JsonArray several => [.. several.Select(type => type!.GetValue<string>())], { } one => [one.GetValue<string>()], null => [] };
        if (types.Length > 0 && !types.Any(type => type == kind || (type == "integer" && kind == "number" && IsInteger(value!))))
        {
            faults.Add($"{at} is {(kind == "object" ? "an" : "a")} {kind}, not {string.Join(" or ", types)}");
            return;
        }
        if (schema["enum"] is JsonArray allowed && !allowed.Any(one => JsonNode.DeepEquals(one, value)))
            faults.Add($"{at} is {value?.ToJsonString() ?? "null"}, which is none of {allowed.ToJsonString()}");
        switch (value)
        {
            case JsonObject fields:
                foreach (JsonNode? name in schema["required"] as JsonArray ?? [])
                {
                    if (!fields.ContainsKey(name!.GetValue<string>()))
                        faults.Add($"{at}.{name.GetValue<string>()} is missing");
                }
                foreach ((string name, JsonNode? field) in fields)
                {
                    if ((schema["properties"]?[name] ?? schema["additionalProperties"]) is { } described)
                        Check(root, described, field, $"{at}.{name}", faults);
                    else
                        faults.Add($"{at}.{name} is not in the schema");
                }
                break;
            case JsonArray items when schema["items"] is { } described:
                for (int i = 0; i < items.Count; i++)
                    Check(root, described, items[i], $"{at}[{i}]", faults);
                break;
        }
    }

    private static JsonObject Resolve(JsonObject root, string reference)
    {
        JsonNode node = root;
        foreach (string part in reference.Split('/').Skip(1))
            node = (node is JsonArray array ? array[int.Parse(part, System.Globalization.CultureInfo.InvariantCulture)] : node[Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)])!;
        return node.AsObject();
    }

    private static bool IsInteger(JsonNode value) => decimal.TryParse(value.ToJsonString(), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out decimal number) && number == decimal.Truncate(number);

    private static string KindOf(JsonNode? value) => value?.GetValueKind() switch
    {
        null or JsonValueKind.Null => "null",
        JsonValueKind.True or JsonValueKind.False => "boolean",
        JsonValueKind.Number => "number",
        JsonValueKind.String => "string",
        JsonValueKind.Array => "array",
        _ => "object",
    };
}
