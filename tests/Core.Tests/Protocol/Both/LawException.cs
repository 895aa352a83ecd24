using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace VmBus.Core.Tests.Protocol.Both;

/// <summary>The two ends did what they must not do.</summary>
public sealed class LawException(string message) : Exception(message)
{
    /// <summary>Throws unless the law holds.</summary>
    public static void Unless([DoesNotReturnIf(false)] bool law, [InterpolatedStringHandlerArgument(nameof(law))] ref Broken broken)
    {
        if (!law)
            throw new LawException(broken.ToString());
    }

    /// <inheritdoc cref="Unless(bool, ref Broken)"/>
    public static void Unless([DoesNotReturnIf(false)] bool law, string broken)
    {
        if (!law)
            throw new LawException(broken);
    }

    /// <summary>What is broken, put together only when it is: laws are looked at millions of times.</summary>
    [InterpolatedStringHandler]
    public ref struct Broken
    {
        private DefaultInterpolatedStringHandler _text;

        /// <summary>Begins.</summary>
        public Broken(int literalLength, int formattedCount, bool law, out bool isWanted)
        {
            isWanted = !law;
            _text = law ? default : new DefaultInterpolatedStringHandler(literalLength, formattedCount);
        }

        /// <summary>Adds words.</summary>
        public void AppendLiteral(string value) => _text.AppendLiteral(value);

        /// <summary>Adds a value.</summary>
        public void AppendFormatted<T>(T value, string? format = null) => _text.AppendFormatted(value, format);

        /// <inheritdoc/>
        public override string ToString() => _text.ToStringAndClear();
    }
}
