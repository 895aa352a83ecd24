// A message on its way out.

using System.Runtime.InteropServices;

namespace VmBus.Protocol;

/// <summary>A message on its way out. A guest's has a connection, a host's a target.</summary>
/// <param name="Bytes">The message, header included, at most <see cref="ChannelMessages.MaxLength"/> bytes.</param>
/// <param name="ConnectionId">The connection a guest posts it to; 0 from a host.</param>
/// <param name="Target">The slot a host writes it to; VP 0 from a guest.</param>
internal sealed record QueuedMessage(ReadOnlyMemory<byte> Bytes, uint ConnectionId = 0, MessageTarget Target = default)
{
    /// <summary>The message's number.</summary>
    public ChannelMessageType Type => MemoryMarshal.Read<ChannelMessageHeader>(Bytes.Span).MessageType;
}
