using System.Buffers.Binary;
using VmBus.Core.Tests.Protocol.Descriptions;
using VmBus.Protocol;

namespace VmBus.Fuzz;

/// <summary>Writes <c>recording/seed-*</c>: a file, cut and damaged, and a message of each kind.</summary>
internal static class RecordingSeeds
{
    public static void Write(string directory)
    {
        Directory.CreateDirectory(directory);
        byte[] file = HandMadeConversation.Recording();
        Save("file", [RecordingTarget.IsFile, .. file]);
        Save("file-cut", [RecordingTarget.IsFile, .. file[..301]]);
        Save("file-no-messages", [RecordingTarget.IsFile, .. file[..32]]);
        foreach (IGrouping<uint, RecordedMessage> kind in HandMadeConversation.Messages.GroupBy(one => one.Bytes.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(one.Bytes.Span)))
            Save($"messages-{kind.Key:00}", [1, .. kind.SelectMany(Input)]);

        void Save(string name, byte[] input) => File.WriteAllBytes(Path.Combine(directory, "seed-" + name), input);
    }

    private static byte[] Input(RecordedMessage message)
    {
        byte[] head = new byte[10];
        head[0] = (byte)((int)message.Direction | ((int)message.Fault << 1));
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(1), message.Negotiated.Version.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(5), (uint)message.Negotiated.Features);
        ReadOnlySpan<byte> bytes = message.Bytes.Span[..Math.Min(message.Bytes.Length, byte.MaxValue)];
        head[9] = (byte)bytes.Length;
        return [.. head, .. bytes];
    }
}
