// Where the runtime itself puts the fields of a struct. Marshal.OffsetOf would tell of the marshalled form, which need
// not be the managed one, and refuses inline arrays.

using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;

namespace VmBus.Core.Tests.Layout;

public static partial class ManagedLayout
{
    private const BindingFlags Instance = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    public static int SizeOf(Type type)
    {
        var method = new DynamicMethod("SizeOf", typeof(int), Type.EmptyTypes, typeof(ManagedLayout).Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        il.Emit(OpCodes.Sizeof, type);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int>>()();
    }

    public static int OffsetOf(FieldInfo field)
    {
        var method = new DynamicMethod("OffsetOf", typeof(int), Type.EmptyTypes, typeof(ManagedLayout).Module, skipVisibility: true);
        ILGenerator il = method.GetILGenerator();
        il.DeclareLocal(field.DeclaringType!);
        il.Emit(OpCodes.Ldloca_S, (byte)0);
        il.Emit(OpCodes.Ldflda, field);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Ldloca_S, (byte)0);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Sub);
        il.Emit(OpCodes.Conv_I4);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int>>()();
    }

    public static IEnumerable<(FieldInfo Field, int Offset, int Size)> Fields(Type type) =>
        type.GetFields(Instance).Select(f => (f, OffsetOf(f), SizeOf(f.FieldType)));

    /// <summary>The offset and size of a place in the words of twins.txt, and the mask of its bits if it has one.</summary>
    public static (int Offset, int Size, ulong? Mask) Resolve(Type type, string place)
    {
        if (place == "whole")
            return (0, SizeOf(type), null);
        if (place == "end")
            return (SizeOf(type), 0, null);

        if (place.Split("..") is [var first, var last])
        {
            (int start, _) = Field(type, first);
            (int lastStart, int lastSize) = Field(type, last);
            return (start, lastStart + lastSize - start, null);
        }

        if (place.Split('#') is [var bits, var constant])
        {
            (int start, int size) = Field(type, bits);
            FieldInfo mask = type.GetField(constant, BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
                ?? throw new MissingFieldException(type.Name, constant);
            return (start, size, Convert.ToUInt64(mask.GetRawConstantValue(), CultureInfo.InvariantCulture));
        }

        if (Slice().Match(place) is { Success: true } slice)
        {
            (int start, _) = Field(type, slice.Groups[1].Value);
            return (start + int.Parse(slice.Groups[2].ValueSpan, CultureInfo.InvariantCulture),
                int.Parse(slice.Groups[3].ValueSpan, CultureInfo.InvariantCulture), null);
        }

        (int offset, int length) = Field(type, place);
        return (offset, length, null);
    }

    /// <summary>The names of a type's own fields that a place speaks of.</summary>
    public static IEnumerable<string> FieldsNamed(Type type, string place) => place switch
    {
        "gap" or "end" => [],
        "whole" => type.GetFields(Instance).Select(f => f.Name),
        _ when place.Split("..") is [var first, var last] =>
            Fields(type).Where(f => f.Offset >= Field(type, first).Offset && f.Offset <= Field(type, last).Offset).Select(f => f.Field.Name),
        _ => [Find(type, place.Split('.', '#', '+')[0]).Name],
    };

    private static (int Offset, int Size) Field(Type type, string path)
    {
        int offset = 0, size = 0;
        foreach (string name in path.Split('.'))
        {
            FieldInfo field = Find(type, name);
            offset += OffsetOf(field);
            type = field.FieldType;
            size = SizeOf(type);
        }

        return (offset, size);
    }

    private static FieldInfo Find(Type type, string name) =>
        type.GetField(name, Instance)
        ?? type.GetField($"<{name}>k__BackingField", Instance)
        ?? throw new MissingFieldException(type.Name, name);

    [GeneratedRegex(@"^([\w.]+)\+(\d+):(\d+)$")]
    private static partial Regex Slice();
}
