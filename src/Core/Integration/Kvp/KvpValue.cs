// A value of a key-value pair, and its bytes. Mirrors value_type, value_size and value of hv_kvp_exchg_msg_value (Linux
// include/uapi/linux/hyperv.h) as drivers/hv/hv_kvp.c reads and writes them.

using System.Buffers.Binary;
using System.Globalization;

namespace VmBus.Integration;

/// <summary>A text, or a 32-bit or 64-bit number.</summary>
/// <remarks>Linux keeps and sends numbers as text; <see cref="ToString"/> is that text.</remarks>
public readonly record struct KvpValue
{
    /// <summary>The longest text, in UTF-16 units.</summary>
    public const int MaxTextLength = IcKvpValueBytes.Size / 2 - 1;

    private readonly string? _text;
    private readonly ulong _number;

    private KvpValue(IcKvpValueType type, string? text, ulong number)
    {
        Type = type;
        _text = text;
        _number = number;
    }

    /// <summary>The type; 0 for the default value.</summary>
    internal IcKvpValueType Type { get; }

    /// <summary>Creates a text value.</summary>
    /// <exception cref="ArgumentException">It is longer than <see cref="MaxTextLength"/>, or contains a zero.</exception>
    public static KvpValue Of(string text) => new(IcKvpValueType.Text, KvpText.Checked(text, MaxTextLength), 0);

    /// <summary>Creates a 32-bit number.</summary>
    public static KvpValue Of(uint number) => new(IcKvpValueType.Number32, null, number);

    /// <summary>Creates a 64-bit number, of Linux's type.</summary>
    public static KvpValue Of(ulong number) => new(IcKvpValueType.Number64, null, number);

    /// <summary>The number, if it is one.</summary>
    public bool TryGetNumber(out ulong number)
    {
        number = _number;
        return Type is IcKvpValueType.Number32 or IcKvpValueType.Number64 or IcKvpValueType.QuadWord;
    }

    /// <summary>The text, or the number in decimal digits.</summary>
    public override string ToString() => TryGetNumber(out ulong number) ? number.ToString(CultureInfo.InvariantCulture) : _text ?? "";

    /// <summary>Writes type, length and bytes; what is behind them is zero.</summary>
    internal void Write(ref IcKvpValue pair)
    {
        Span<byte> bytes = pair.Value;
        bytes.Clear();
        pair.ValueType = Type;
        switch (Type)
        {
            case IcKvpValueType.Number32:
                BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)_number);
                pair.ValueLength = sizeof(uint);
                break;
            case IcKvpValueType.Number64 or IcKvpValueType.QuadWord:
                BinaryPrimitives.WriteUInt64LittleEndian(bytes, _number);
                pair.ValueLength = sizeof(ulong);
                break;
            default:
                pair.ValueLength = KvpText.Write(_text ?? "", bytes);
                break;
        }
    }

    /// <summary>Reads type, length and bytes. A number's length is not looked at, as Linux does not.</summary>
    /// <returns><see langword="false"/> when the type is unknown or the length impossible.</returns>
    internal static bool TryRead(in IcKvpValue pair, out KvpValue value)
    {
        ReadOnlySpan<byte> bytes = pair.Value;
        value = default;
        switch (pair.ValueType)
        {
            case IcKvpValueType.Text or IcKvpValueType.ExpandText:
                if (!KvpText.TryRead(bytes, pair.ValueLength, out string text))
                    return false;
                value = new KvpValue(pair.ValueType, text, 0);
                return true;
            case IcKvpValueType.Number32:
                value = Of(BinaryPrimitives.ReadUInt32LittleEndian(bytes));
                return true;
            case IcKvpValueType.Number64 or IcKvpValueType.QuadWord:
                value = new KvpValue(pair.ValueType, null, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
                return true;
            default:
                return false;
        }
    }
}
