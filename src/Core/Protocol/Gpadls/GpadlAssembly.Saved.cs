// A GPADL in a saved state: what its header announced, and the words that have come.

namespace VmBus.Protocol;

internal sealed partial class GpadlAssembly
{
    internal void Save(SavedStateWriter writer)
    {
        writer.UInt16((ushort)_rangeCount);
        writer.UInt16((ushort)(_words.Length * sizeof(ulong)));
        writer.Words(_words.AsSpan(0, _filled));
    }

    internal static GpadlAssembly Restore(ref SavedStateReader reader, long mostPages)
    {
        var header = new GpadlHeader { RangeCount = reader.UInt16(), RangeBufferLength = reader.UInt16() };
        bool isPossible = Check(header, out int pageCount) == MessageFault.None;
        reader.Check(isPossible, $"a GPADL of {header.RangeCount} ranges has {header.RangeBufferLength} bytes of them");
        reader.CheckFit(pageCount <= mostPages, $"a GPADL has {pageCount} pages, and {mostPages} are left");
        ulong[] words = reader.Words();
        var assembly = new GpadlAssembly(header, []);
        reader.Check(words.Length <= assembly._words.Length, $"of a GPADL's {assembly._words.Length} words {words.Length} have come");
        words.CopyTo(assembly._words, 0);
        assembly._filled = words.Length;
        return assembly;
    }
}
