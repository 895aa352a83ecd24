// What the fuzzer starts from and what was found since, run again at every build: fuzz/corpus, over the fuzzer's targets.

using System.Runtime.Versioning;
using VmBus.Fuzz;
using Xunit;

namespace VmBus.Core.Tests.Fuzz;

public sealed class CorpusReplayTests
{
    private const string Prefix = "corpus/";

    public static TheoryData<string> Inputs => [.. typeof(CorpusReplayTests).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .Select(name => name[Prefix.Length..])
        .Order(StringComparer.Ordinal)];

    [Fact]
    [SupportedOSPlatform("linux")]
    public void Every_target_has_a_corpus()
        => Assert.All(FuzzTarget.Names, target => Assert.Contains(Inputs, input => input.Data.StartsWith(target + "/", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Inputs))]
    public void An_input_of_the_corpus_ends_in_packets_or_in_the_documented_exception(string input)
    {
        Target(input)(Read(input));
    }

    [Theory]
    [MemberData(nameof(Inputs))]
    public void An_input_with_any_one_byte_changed_does_too(string input)
    {
        Action<ReadOnlySpan<byte>> target = Target(input);
        byte[] bytes = Read(input);
        ReadOnlySpan<byte> masks = [0x01, 0x08, 0x80, 0xff];
        for (int i = 0; i < Math.Min(bytes.Length, 512); i++)
        {
            byte kept = bytes[i];
            foreach (byte mask in masks)
            {
                bytes[i] = (byte)(kept ^ mask);
                target(bytes);
            }

            bytes[i] = kept;
        }
    }

    private static Action<ReadOnlySpan<byte>> Target(string input)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The targets' rings lie between guard pages of a memfd.");
        return OperatingSystem.IsLinux() ? FuzzTarget.ByName(input[..input.IndexOf('/')]) : throw new PlatformNotSupportedException();
    }

    private static byte[] Read(string input)
    {
        using Stream stream = typeof(CorpusReplayTests).Assembly.GetManifestResourceStream(Prefix + input)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
