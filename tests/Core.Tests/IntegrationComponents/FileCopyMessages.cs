using System.Text;
using VmBus.Integration;

namespace VmBus.Core.Tests.IntegrationComponents;

/// <summary>Makes file copy messages byte by byte, sound or not, and says what a guest answers.</summary>
internal static class FileCopyMessages
{
    public static byte[] Start(string name, string path, ulong size, IcFileCopyFlags flags = default)
    {
        byte[] body = new byte[1088];
        Encoding.Unicode.GetBytes(name).CopyTo(body, 36);
        Encoding.Unicode.GetBytes(path).CopyTo(body, 556);
        BitConverter.TryWriteBytes(body.AsSpan(1076), (uint)flags);
        BitConverter.TryWriteBytes(body.AsSpan(1080), size);
        return body;
    }

    public static byte[] Write(ulong offset, ReadOnlySpan<byte> data, uint? length = null)
    {
        byte[] body = new byte[52 + data.Length];
        body[0] = 1;
        BitConverter.TryWriteBytes(body.AsSpan(40), offset);
        BitConverter.TryWriteBytes(body.AsSpan(48), length ?? (uint)data.Length);
        data.CopyTo(body.AsSpan(52));
        return body;
    }

    public static byte[] Bare(byte operation)
    {
        byte[] body = new byte[36];
        body[0] = operation;
        return body;
    }

    public static byte[] Complete => Bare(2);

    public static byte[] Cancel => Bare(3);

    public static IcStatus Send(this FileCopyGuest guest, byte[] body, IcMessageType type = IcMessageType.FileCopy)
    {
        byte[] packet = Conversation.Packet(type, body), answer = new byte[packet.Length];
        if (guest.Handle(packet, answer) != packet.Length)
            throw new InvalidOperationException("The request was dropped.");
        guest.AnswerSent();
        return (IcStatus)BitConverter.ToUInt32(answer, 20);
    }

    public static FileCopyGuest Negotiated(this FileCopyGuest guest)
    {
        guest.Send(Conversation.Offer([new(3, 0)], [new(1, 1)])[28..], IcMessageType.Negotiate);
        return guest;
    }
}
