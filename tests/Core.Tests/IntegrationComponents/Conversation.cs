using VmBus.Integration;
using Xunit;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>Both sides of a component without a channel: each packet goes straight to the other side.</summary>
internal sealed class Conversation(IntegrationHost host, IntegrationGuest guest)
{
    private readonly byte[] _request = new byte[8192];
    private readonly byte[] _answer = new byte[8192];
    private int _requestLength;
    private int _answerLength;

    public Span<byte> Request => _request.AsSpan(0, _requestLength);

    public Span<byte> Answer => _answer.AsSpan(0, _answerLength);

    /// <summary>Has the versions agreed on.</summary>
    public Conversation Negotiated()
    {
        Assert.True(Exchange());
        Assert.Equal(IntegrationHostState.Ready, host.State);
        return this;
    }

    /// <summary>One request and its answer.</summary>
    /// <returns>Whether the host took the answer.</returns>
    public bool Exchange()
    {
        Assert.True(Ask());
        Assert.True(Reply());
        return host.Handle(Answer);
    }

    public bool Ask() => host.TryWriteRequest(_request, out _requestLength);

    public bool Reply() => (_answerLength = guest.Handle(Request, _answer)) > 0;

    /// <summary>The status in the answer.</summary>
    public IcStatus Status => (IcStatus)BitConverter.ToUInt32(Answer[20..]);

    /// <summary>Makes a packet of a type and a body.</summary>
    public static byte[] Packet(IcMessageType type, ReadOnlySpan<byte> body, IcMessageFlags flags = IcMessageFlags.Transaction | IcMessageFlags.Request, byte transaction = 0)
    {
        byte[] packet = new byte[28 + body.Length];
        packet[0] = 1;
        BitConverter.TryWriteBytes(packet.AsSpan(4), 20 + body.Length);
        BitConverter.TryWriteBytes(packet.AsSpan(12), (ushort)type);
        BitConverter.TryWriteBytes(packet.AsSpan(18), (ushort)body.Length);
        packet[24] = transaction;
        packet[25] = (byte)flags;
        body.CopyTo(packet.AsSpan(28));
        return packet;
    }

    /// <summary>Makes an offer of versions.</summary>
    public static byte[] Offer(IcVersion[] frameworks, IcVersion[] messages)
    {
        byte[] body = new byte[8 + 4 * (frameworks.Length + messages.Length)];
        BitConverter.TryWriteBytes(body, (ushort)frameworks.Length);
        BitConverter.TryWriteBytes(body.AsSpan(2), (ushort)messages.Length);
        int at = 8;
        foreach (IcVersion version in frameworks.Concat(messages))
        {
            BitConverter.TryWriteBytes(body.AsSpan(at), version.Major);
            BitConverter.TryWriteBytes(body.AsSpan(at + 2), version.Minor);
            at += 4;
        }

        return Packet(IcMessageType.Negotiate, body);
    }
}
