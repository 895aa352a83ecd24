// Compares golden structures with their C# twins.

namespace VmBus.Core.Tests.Layout;

public static class LayoutComparison
{
    public static IReadOnlyList<LayoutMismatch> Compare(
        IEnumerable<GoldenStruct> golden, IReadOnlyDictionary<string, Twin> twins)
    {
        var found = new List<LayoutMismatch>();
        foreach (GoldenStruct structure in golden)
        {
            if (twins.TryGetValue(structure.Name, out Twin? twin))
                found.AddRange(Compare(structure, twin));
            else
                found.Add(new(structure.Name, null, "has no C# twin"));
        }

        return found;
    }

    public static IEnumerable<LayoutMismatch> Compare(GoldenStruct structure, Twin twin)
    {
        int size = ManagedLayout.SizeOf(twin.Type);
        if (size != structure.Size)
            yield return new(structure.Name, null, $"C has {structure.Size} bytes, {twin.Type.Name} has {size}");

        foreach (GoldenField field in structure.Fields)
        {
            if (!twin.Places.TryGetValue(field.Path, out string? place))
                yield return new(structure.Name, field.Path, $"has no twin in {twin.Type.Name}");
            else if (Compare(field, twin.Type, size, place) is { } what)
                yield return new(structure.Name, field.Path, what);
        }

        foreach (string stale in twin.Places.Keys.Except(structure.Fields.Select(f => f.Path)))
            yield return new(structure.Name, stale, "is in twins.txt and not in the golden file");

        IEnumerable<string> named = twin.Places.Values.SelectMany(place => ManagedLayout.FieldsNamed(twin.Type, place));
        foreach (string extra in ManagedLayout.Fields(twin.Type).Select(f => f.Field.Name).Except(named))
        {
            // An overlay of bytes that other fields name as well may belong to another form of the same C structure.
            if (!IsCovered(twin.Type, extra, named))
                yield return new(structure.Name, null, $"{twin.Type.Name}.{extra} is no C field's twin");
        }
    }

    private static string? Compare(GoldenField field, Type type, int typeSize, string place)
    {
        if (place == "gap")
            return CompareGap(field, type, typeSize);

        (int offset, int size, ulong? mask) = ManagedLayout.Resolve(type, place);
        if (offset != field.Offset)
            return $"C has it at {field.Offset}, {type.Name} has {place} at {offset}";
        if (size != field.Size)
            return $"C has {field.Size} bytes, {type.Name} has {size} for {place}";
        if (mask is { } bits)
        {
            ulong expected = field.BitCount == 64 ? ~0ul : ((1ul << field.BitCount) - 1) << field.FirstBit;
            if (bits != expected)
                return $"C has the bits 0x{expected:x}, {type.Name} has 0x{bits:x} for {place}";
        }

        return null;
    }

    private static string? CompareGap(GoldenField field, Type type, int typeSize)
    {
        int end = field.Offset + field.Size;
        if (field.Offset < 0 || end > typeSize)
            return $"C has it at {field.Offset} to {end}, {type.Name} ends at {typeSize}";

        var taken = new bool[typeSize];
        foreach ((_, int offset, int size) in ManagedLayout.Fields(type))
            taken.AsSpan(offset, size).Fill(true);
        if (taken.AsSpan(field.Offset, field.Size).Contains(true))
            return $"C has it at {field.Offset} to {end}, where {type.Name} has a field";
        bool fills = (field.Offset == 0 || taken[field.Offset - 1]) && (end == typeSize || taken[end]);
        return fills ? null : $"C has it at {field.Offset} to {end}, which leaves bytes of {type.Name} to nobody";
    }

    private static bool IsCovered(Type type, string field, IEnumerable<string> named)
    {
        var bytes = new bool[ManagedLayout.SizeOf(type)];
        foreach ((_, int offset, int size) in ManagedLayout.Fields(type).Where(f => named.Contains(f.Field.Name)))
            bytes.AsSpan(offset, size).Fill(true);
        (_, int start, int length) = ManagedLayout.Fields(type).Single(f => f.Field.Name == field);
        return !bytes.AsSpan(start, length).Contains(false);
    }
}
