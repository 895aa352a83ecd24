// The known word that is nearest to a mistyped one.

namespace VmBus.Tool;

/// <summary>Finds the word that is least far from another: by letters put in, left out, changed, or swapped with their neighbour.</summary>
internal static class Nearest
{
    /// <summary>The nearest word.</summary>
    /// <param name="typed">What was typed.</param>
    /// <param name="words">What there is.</param>
    /// <returns><see langword="null"/> when none is near: at most two mistakes, and fewer than half of the letters.</returns>
    public static string? To(string typed, IEnumerable<string> words)
    {
        int most = Math.Min(2, (typed.TrimStart('-').Length - 1) / 2);
        (string? word, int distance) = words.Select(word => ((string?)word, Distance(typed, word))).MinBy(pair => pair.Item2);
        return word is not null && distance <= most ? word : null;
    }

    internal static int Distance(string one, string other)
    {
        int[,] steps = new int[one.Length + 1, other.Length + 1];
        for (int i = 0; i <= one.Length; i++)
        {
            for (int k = 0; k <= other.Length; k++)
            {
                if (i == 0 || k == 0)
                {
                    steps[i, k] = i + k;
                    continue;
                }
                int least = Math.Min(Math.Min(steps[i - 1, k], steps[i, k - 1]) + 1, steps[i - 1, k - 1] + (one[i - 1] == other[k - 1] ? 0 : 1));
                if (i > 1 && k > 1 && one[i - 1] == other[k - 2] && one[i - 2] == other[k - 1])
                    least = Math.Min(least, steps[i - 2, k - 2] + 1);
                steps[i, k] = least;
            }
        }
        return steps[one.Length, other.Length];
    }
}
