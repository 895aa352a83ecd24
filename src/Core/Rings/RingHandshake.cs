// The four handshakes of a ring that need a full fence (Linux ring_buffer.c: hv_signal_on_write, hv_begin_read,
// hv_end_read, hv_pkt_iter_close), apart from where the words lie, so that the explorer of interleavings runs this
// very code.

using System.Runtime.CompilerServices;
using VmBus.Layout;

namespace VmBus;

/// <summary>When to publish, when to look again, when to signal. Pure over <see cref="IRingControl"/>.</summary>
internal static class RingHandshake
{
    /// <summary>Publishes packets and says whether the reader must be signalled.</summary>
    /// <param name="control">The control page of the outgoing ring.</param>
    /// <param name="committed">The write index before this publication.</param>
    /// <param name="next">The write index after it.</param>
    /// <remarks>
    /// The fence inside <c>PublishWriteIndex</c> pairs with the one in <see cref="Unmask"/>: either the reader's
    /// second look sees these packets, or this side sees its mask clear and its read index caught up, and signals.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SignalNeed PublishWrite<TControl>(TControl control, uint committed, uint next)
        where TControl : struct, IRingControl
    {
        control.PublishWriteIndex(next);
        if (control.LoadInterruptMask() != 0)
            return SignalNeed.Masked;

        // The ring was empty before if the reader's index is where this publication began.
        return control.LoadReadIndex() == committed ? SignalNeed.Required : SignalNeed.NotEmpty;
    }

    /// <summary>Gives room back and says whether the writer must be signalled because it waits for room.</summary>
    /// <param name="control">The control page of the incoming ring.</param>
    /// <param name="committed">The read index before.</param>
    /// <param name="next">The read index now.</param>
    /// <param name="size">Bytes in the data area.</param>
    /// <remarks>
    /// The fence inside <c>PublishReadIndex</c> pairs with the one in <see cref="RequestRoom"/>. The interrupt mask
    /// plays no part here: it is about packets, and this is about room.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool PublishRead<TControl>(TControl control, uint committed, uint next, uint size)
        where TControl : struct, IRingControl
    {
        if ((control.LoadFeatureBits() & RingControlPage.FeaturePendingSendSize) == 0)
        {
            control.StoreReadIndex(next);
            return false;
        }

        control.PublishReadIndex(next);

        // Some writers ask for size - 1, meaning "empty"; no more than size - 8 can ever be written.
        uint pending = control.LoadPendingSendSize() & ~7u;
        if (pending == 0)
            return false;

        uint write = control.LoadWriteIndex();
        uint freed = Distance(committed, next, size);
        uint room = size - Distance(next, write, size);

        // Only the commit that crosses the mark signals: no room before, room now. A hostile write index can only
        // make this answer wrong for its own writer.
        return room > pending && room - freed <= pending;
    }

    /// <summary>Tells the reader how much room this side waits for, and returns the read index read after that.</summary>
    /// <param name="control">The control page of the outgoing ring.</param>
    /// <param name="bytes">The room wanted.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint RequestRoom<TControl>(TControl control, uint bytes)
        where TControl : struct, IRingControl
    {
        control.ExchangePendingSendSize(bytes);
        return control.LoadReadIndex();
    }

    /// <summary>Masks the writer's signals while the reader drains.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Mask<TControl>(TControl control)
        where TControl : struct, IRingControl
        => control.ExchangeInterruptMask(1);

    /// <summary>Unmasks and returns the write index read after that: packets that came while masked got no signal.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Unmask<TControl>(TControl control)
        where TControl : struct, IRingControl
    {
        control.ExchangeInterruptMask(0);
        return control.LoadWriteIndex();
    }

    /// <summary>Bytes from one index to another, around the ring.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Distance(uint from, uint to, uint size) => to >= from ? to - from : size - (from - to);
}
